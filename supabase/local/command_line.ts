import { parseArgs } from "node:util";

/** A command was not given what it takes. The message is a sentence for people. */
export class BadArguments extends Error {
  override readonly name = "BadArguments";
}

/** The exit status of a command that was called wrongly, told apart from one that failed at its work. */
const MISUSED = 2;

/**
 * Reads the arguments of the command that this process runs. Ends the process with the usage where one
 * of them asks for help, and with a sentence and status 2 where `read` throws `BadArguments` or what
 * `parseArgs()` throws.
 *
 * The usage is a few lines, of which the first starts with `Usage: deno task <name>`.
 */
export function readArguments<T>(usage: string, read: (args: string[]) => T): T {
  // The dashes that separate a task's arguments from Deno's own arrive here too.
  const args = Deno.args.filter((arg) => arg !== "--");
  if (args.includes("--help") || args.includes("-h")) {
    console.log(usage);
    Deno.exit(0);
  }
  try {
    return read(args);
  } catch (error) {
    const problem = problemOf(error);
    if (problem === undefined) throw error;
    const command = /^Usage: (deno task \S+)/.exec(usage)?.[1];
    console.error(`${problem}; see "${command} --help".`);
    Deno.exit(MISUSED);
  }
}

/** The same for a command that takes no arguments. */
export function takeNoArguments(usage: string): void {
  readArguments(usage, (args) => parseArgs({ args, options: {} }));
}

function problemOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const parsing = "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS_");
  if (!parsing && !(error instanceof BadArguments)) return undefined;
  // What parseArgs() says after the first sentence is advice to those who write the command.
  return (parsing ? error.message.split(/\. |\n/)[0] : error.message).replace(/\.$/, "");
}
