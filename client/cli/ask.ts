/**
 * Questions to a person. Where nobody can be asked, files answer: secrets are never on a command line.
 *
 * @module
 */
import process from "node:process";
import { cancel, confirm, isCancel, log, password, text } from "@clack/prompts";
import { weaknessOf } from "../ceremonies/sealed.ts";
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

/** A passphrase that is chosen now: as `secret`; who is there types it twice. */
export async function chosen(question: string, variable: string): Promise<string> {
  for (;;) {
    const passphrase = await secret(question, variable);
    const weakness = weaknessOf(passphrase);
    const isFile = process.env[variable] !== undefined;
    if (weakness === undefined) {
      if (isFile || await secret("Once more", variable) === passphrase) return passphrase;
      log.error("The two are not the same");
    } else if (isFile) throw new Stop(`${question}: ${weakness}`);
    else log.error(weakness);
  }
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
