/**
 * Questions to a person. Where nobody can be asked, files answer: secrets are never on a command line.
 *
 * @module
 */
import process from "node:process";
import { cancel, confirm, isCancel, password, text } from "@clack/prompts";
import { textIn } from "./files.ts";
import { STATUS, Stop } from "./stop.ts";

/** Whether somebody is there. */
export const canAsk = () => process.stdin.isTTY === true && process.stdout.isTTY === true;

/** A secret: from the file that the variable names, else asked for. */
export async function secret(question: string, variable: string): Promise<string> {
  const file = process.env[variable];
  if (file !== undefined) return (await textIn(file)).replace(/\r?\n$/, "");
  if (!canAsk()) {
    throw new Stop(
      `${question}: nobody can be asked here. Name a file that holds it by ${variable}`,
      {
        code: "misused",
        status: STATUS.misused,
      },
    );
  }
  return answered(await password({ message: question }));
}

/** A text. */
export async function ask(question: string): Promise<string> {
  if (!canAsk()) {
    throw new Stop(`${question}: nobody can be asked here`, {
      code: "misused",
      status: STATUS.misused,
    });
  }
  return answered(await text({ message: question }));
}

/** Yes or no; no where nobody can be asked, and once `signal` is aborted. */
export async function agree(question: string, signal?: AbortSignal): Promise<boolean> {
  if (!canAsk()) return false;
  const answer = await confirm({ message: question, initialValue: false, signal });
  return signal?.aborted ? false : answered(answer);
}

function answered<Answer>(answer: Answer): Exclude<Answer, symbol> {
  if (!isCancel(answer)) return answer as Exclude<Answer, symbol>; // nothing else is a symbol
  cancel("Stopped");
  throw new Stop("Stopped", { code: "aborted", status: STATUS.interrupted });
}
