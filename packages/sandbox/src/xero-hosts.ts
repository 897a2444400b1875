/** The three names under which Xero's servers are reached. */
export const XERO_HOSTS = ["identity.xero.com", "login.xero.com", "api.xero.com"] as const;

export const isXeroHost = (name: string): boolean => (XERO_HOSTS as readonly string[]).includes(name);

/** Whether a host's name or address (without brackets) leads nowhere but to this machine. */
export const isThisMachine = (name: string): boolean =>
  name === "localhost" || name.endsWith(".localhost") || name === "::1" || /^127(\.\d{1,3}){3}$/.test(name);

/** What is said to a program that `sandbox exec` does not let reach another machine. */
export const hostRefusal = (host: string): string =>
  `host_refused: sandbox exec leads ${XERO_HOSTS.join(", ")} to the sandbox and refuses ${host}. Add --allow-others to let it through.`;
