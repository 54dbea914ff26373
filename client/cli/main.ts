#!/usr/bin/env node
/**
 * `permafrost`: what a guardian does without writing code. Secrets come from questions or from files, never from the command
 * line; `--json` answers one object; the exit status is 0, 1 (it did not work), 2 (misused), 3 (declined) or 130.
 *
 * @module
 */
import process from "node:process";
import { Command, CommanderError } from "commander";
import { addCeremonies } from "./ceremonies.ts";
import { addDevice } from "./setup.ts";
import { addSigning } from "./signing.ts";
import { Output } from "./output.ts";
import { STATUS, Stop } from "./stop.ts";

/** What a command does, and answers its status. */
export type Action = (output: Output) => Promise<number | void>;

/** Runs what the arguments say; answers the exit status. */
export async function run(args: readonly string[]): Promise<number> {
  let status: number = STATUS.done;
  const program = new Command("permafrost")
    .description("Sign together, with a key that nobody holds")
    .option("--json", "answer one JSON object on standard output")
    .showHelpAfterError('(see "permafrost --help")')
    .exitOverride();
  const output = () => new Output(program.opts<{ json?: boolean }>().json === true);
  const doing = async (action: Action) => {
    try {
      status = await action(output()) ?? STATUS.done;
    } catch (error) {
      status = told(output(), error);
    }
  };
  for (const add of [addDevice, addCeremonies, addSigning]) add(program, doing);
  try {
    await program.parseAsync([...args], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? STATUS.done : STATUS.misused;
  }
  return status;
}

function told(output: Output, error: unknown): number {
  if (error instanceof Stop) {
    output.failure(error.code, error.message);
    return error.status;
  }
  // A mistake in here: its trace is what helps, and holds no secret.
  output.failure("failed", error instanceof Error ? error.message : String(error));
  return STATUS.failed;
}

if (import.meta.main ?? process.argv[1] !== undefined) {
  const args = process.argv.slice(2);
  // A task is given its arguments behind `--`.
  process.exitCode = await run(args[0] === "--" ? args.slice(1) : args);
  // A channel or a timer of the client's would keep the process.
  process.exit();
}
