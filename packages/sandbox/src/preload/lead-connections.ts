import net from "node:net";
import { TLSSocket } from "node:tls";
import { hostRefusal, isThisMachine, isXeroHost } from "../xero-hosts.ts";
import type { PreloadSettings } from "./preload-settings.ts";

/** The connections of this process that were led to the sandbox. */
export interface LedConnections {
  /** Whether one of them has asked and was not answered yet. */
  isAwaitingAnswer(): boolean;
}

interface Target {
  readonly host?: string;
  readonly port?: number | string;
  readonly path?: string | null;
}

/**
 * Sends connections to Xero's three hosts to the sandbox, whoever makes them: everything in Node that speaks TCP goes through
 * `Socket.connect`. Names, certificates and requests stay as the program made them.
 */
export function leadConnections(settings: PreloadSettings): LedConnections {
  const led = new Set<net.Socket>();
  const connect = net.Socket.prototype.connect;
  net.Socket.prototype.connect = function leadOrConnect(this: net.Socket, ...args: unknown[]) {
    const target = targetOf(args);
    const way = target === null ? "as-it-is" : wayOf(target, settings);
    switch (way) {
      case "as-it-is":
        return Reflect.apply(connect, this, args) as net.Socket;
      case "refuse":
        return refuse(this, target?.host ?? "");
      case "to-sandbox": {
        const plain = Number(target?.port) === 80 && !(this instanceof TLSSocket);
        Reflect.apply(connect, this, led127(args, plain ? settings.httpPort : settings.tlsPort));
        // Only now: connecting gives a socket its own `write` back.
        keepAccount(this, led);
        return this;
      }
    }
  } as typeof connect;
  return { isAwaitingAnswer: () => [...led].some((socket) => awaiting.has(socket)) };
}

function wayOf({ host = "localhost", port, path }: Target, { allowOthers }: PreloadSettings) {
  if (typeof path === "string" && path !== "") return "as-it-is";
  const name = host.toLowerCase().replace(/\.$/, "");
  const web = Number(port) === 443 || Number(port) === 80;
  if (!web) return "as-it-is";
  if (isXeroHost(name)) return "to-sandbox";
  return allowOthers || isThisMachine(name) ? "as-it-is" : "refuse";
}

// `connect(options)`, `connect(port, host)`, or the form in which Node has put its arguments in order: one list.
function targetOf(args: readonly unknown[]): Target | null {
  const [first, second] = args;
  const options = Array.isArray(first) ? first[0] : first;
  if (typeof options === "object" && options !== null) return options as Target;
  if (typeof options !== "number" && typeof options !== "string") return null;
  if (typeof options === "string" && !/^\d+$/.test(options)) return { path: options };
  return typeof second === "string" ? { port: options, host: second } : { port: options };
}

function led127(args: readonly unknown[], port: number): unknown[] {
  const [first, ...rest] = args;
  const lead = (options: object) => ({ ...options, host: "127.0.0.1", port });
  if (Array.isArray(first)) {
    // Node marks this list by a symbol of its own; it has to stay the same list.
    first[0] = lead(first[0]);
    return [first, ...rest];
  }
  if (typeof first === "object" && first !== null) return [lead(first), ...rest];
  return [{ host: "127.0.0.1", port }, ...rest.filter((arg) => typeof arg === "function")];
}

function refuse(socket: net.Socket, host: string): net.Socket {
  const error = Object.assign(new Error(hostRefusal(host)), { code: "host_refused" });
  process.nextTick(() => socket.destroy(error));
  return socket;
}

const awaiting = new WeakSet<net.Socket>();

// A question is what was written after the last answer: enough for a protocol in which one side asks and the other answers. Whoever
// connects is about to ask.
function keepAccount(socket: net.Socket, led: Set<net.Socket>): void {
  led.add(socket);
  awaiting.add(socket);
  let asked = false;
  socket.once(socket instanceof TLSSocket ? "secureConnect" : "connect", () => {
    if (!asked) awaiting.delete(socket);
  });
  const write = socket.write;
  socket.write = function asking(this: net.Socket, ...args: unknown[]) {
    asked = true;
    awaiting.add(socket);
    return Reflect.apply(write, this, args) as boolean;
  } as typeof write;
  const push = socket.push;
  socket.push = function answered(this: net.Socket, ...args: unknown[]) {
    awaiting.delete(socket);
    return Reflect.apply(push, this, args) as boolean;
  } as typeof push;
  socket.once("close", () => led.delete(socket));
}
