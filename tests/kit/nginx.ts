import { findCommand, startProxy } from "./proxy-process.ts";

/** Where nginx is on this machine; null where it is not. */
export function findNginx(): string | null {
  return findCommand(["nginx", "/usr/sbin/nginx", "/usr/local/sbin/nginx"], "-v");
}

/** One nginx process with a configuration for its `http` block. */
export function startNginx(command: string, configure: (folder: string) => string): Promise<AsyncDisposable> {
  return startProxy({
    command,
    arguments: (folder) => [
      ...["-p", folder, "-c", "nginx.conf", "-e", "stderr"],
      ...["-g", "daemon off; master_process off;"],
    ],
    configuration: (folder) => {
      const places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
        (what) => `${what}_temp_path ${folder}/${what};`,
      );
      const http = ["access_log off;", ...places, configure(folder)].join("\n");
      return { name: "nginx.conf", text: `pid ${folder}/pid;\nerror_log stderr;\nevents {}\nhttp {\n${http}\n}\n` };
    },
  });
}
