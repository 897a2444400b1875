import { globSync } from "node:fs";

/** Where distributions put libfaketime's build for programs with threads. */
const PLACES = [
  "/usr/lib/*-linux-gnu*/faketime/libfaketimeMT.so.1",
  "/usr/lib/faketime/libfaketimeMT.so.1",
  "/usr/lib64/faketime/libfaketimeMT.so.1",
  "/usr/local/lib/faketime/libfaketimeMT.so.1",
];

/** libfaketime on this machine, which moves the clock of programs that are not Node; null where there is none. */
export function findFaketime(platform: NodeJS.Platform): string | null {
  if (platform !== "linux") return null;
  return PLACES.flatMap((place) => globSync(place)).sort()[0] ?? null;
}
