#!/usr/bin/env node
/**
 * `permafrost`: what a guardian does without writing code. Secrets come from questions or from files, never from the command
 * line; `--json` answers one object; the exit status is 0, 1 (it did not work), 2 (misused), 3 (declined) or 130.
 *
 * @module
 */
import process from "node:process";
import { Command, CommanderError } from "commander";
import { FrostError } from "../../supabase/functions/_shared/frost/error.ts";
import { reasonOf } from "../answers.ts";
import { GuardianError } from "../errors.ts";
import type { Action } from "./action.ts";
import { addCeremonies } from "./ceremonies.ts";
import { addDoctor } from "./doctor.ts";
import { addDevice } from "./setup.ts";
import { addRequest } from "./requesting.ts";
import { RulesError } from "./rules.ts";
import { addSigning } from "./signing.ts";
import { Output } from "./output.ts";
import { STATUS, Stop } from "./stop.ts";
import { addWatch } from "./watch.ts";

/** Runs what the arguments say; answers the exit status. */
export async function run(args: readonly string[]): Promise<number> {
  let status: number = STATUS.done;
  const program = new Command("permafrost")
    .description("Sign together, with a key that nobody holds")
    .option("--json", "answer one JSON object on standard output")
    .showHelpAfterError('(see "permafrost --help")')
    .exitOverride();
  const isJson = () => program.opts<{ json?: boolean }>().json === true;
  const output = () => new Output(isJson());
  const doing = async (action: Action) => {
    try {
      status = await action(output()) ?? STATUS.done;
    } catch (error) {
      status = told(output(), error);
    }
  };
  for (const add of [addDevice, addDoctor, addCeremonies, addSigning, addRequest, addWatch]) {
    add(program, doing);
  }
  try {
    await program.parseAsync([...args], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return STATUS.done;
    // People were told already, with what would be right.
    if (isJson()) output().failure("misused", error.message);
    return STATUS.misused;
  }
  return status;
}

function told(output: Output, error: unknown): number {
  if (error instanceof Stop) {
    output.failure(error.code, error.message);
    return error.status;
  }
  if (error instanceof RulesError) {
    output.failure("misused", error.message);
    return STATUS.misused;
  }
  if (error instanceof FrostError || error instanceof GuardianError) {
    output.failure(error.code, error.message);
  } else output.failure("failed", reasonOf(error));
  return STATUS.failed;
}

if (import.meta.main ?? process.argv[1] !== undefined) {
  const args = process.argv.slice(2);
  // A task is given its arguments behind `--`.
  process.exitCode = await run(args[0] === "--" ? args.slice(1) : args);
  // A channel or a timer of the client's would keep the process.
  process.exit();
}
