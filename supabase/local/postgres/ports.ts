/** Whether a program on this machine listens on the port of the loopback address. */
export function isTaken(port: number): boolean {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return false;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return true;
    throw error;
  }
}

/** A port nobody listens on now. Somebody may before it is used; then ask again. */
export function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

/** A port that was asked for belongs to another program. The message is a sentence for people. */
export class PortTaken extends Error {
  override readonly name = "PortTaken";

  constructor(readonly port: number, purpose: string, variable: string) {
    super(
      `Port ${port}, wanted for ${purpose}, is taken by another program. End that program, or set ${variable} to a free port.`,
    );
  }
}
