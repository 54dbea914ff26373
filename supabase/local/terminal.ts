/**
 * Lets this process outlive its terminal. Printing throws once that is closed, or once the program that read
 * the output has ended; what has to be stopped and removed then would be left behind.
 */
export function outliveTerminal(): void {
  for (const method of ["log", "info", "warn", "error", "debug"] as const) {
    const print = console[method].bind(console);
    console[method] = (...values: unknown[]) => {
      try {
        print(...values);
      } catch {
        // There is nobody left to tell.
      }
    };
  }
}
