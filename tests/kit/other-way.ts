import { Socket } from "node:net";

/** From one port of loopback to another, for everything that this process connects to. */
export interface OtherWay {
  readonly from: number;
  readonly to: number;
}

/** This process alone reaches a server by another way than its neighbours, who all have its address from one database. */
export function takeOtherWay({ from, to }: OtherWay): void {
  const connect = Socket.prototype.connect as (this: Socket, ...given: unknown[]) => Socket;
  Socket.prototype.connect = function (this: Socket, ...given: unknown[]): Socket {
    // Node's own callers hand over what they were given as a list.
    const [first] = given.flat();
    if (isTarget(first) && Number(first.port) === from) first.port = to;
    return connect.apply(this, given);
  } as typeof Socket.prototype.connect;
}

function isTarget(value: unknown): value is { port: unknown } {
  return typeof value === "object" && value !== null && "port" in value;
}
