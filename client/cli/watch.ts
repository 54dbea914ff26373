/**
 * A guardian that stays: rules answer, what they leave is asked of the person who is there, and what was signed with nobody
 * there is listed.
 *
 * @module
 */
import process from "node:process";
import type { Command } from "commander";
import { parseEventTemplate } from "../../supabase/functions/_shared/frost/nostr.ts";
import { reasonOf } from "../answers.ts";
import type { KeptShare, KeyShare } from "../guardian/key_share.ts";
import type { PublishedNonces } from "../guardian/pooling.ts";
import type { SigningSession } from "../guardian/signing_session.ts";
import type { ApprovedSession } from "../guardian/approving.ts";
import { dateText, inLine, sessionText, sessionTextFor } from "../presentation/session_text.ts";
import type { Result } from "../result.ts";
import { type FrostSession, readFrostSession } from "../sessions/session.ts";
import { isFinished } from "../sessions/wait.ts";
import type { Doing } from "./action.ts";
import { canAsk } from "./ask.ts";
import { askPerson, openDevice, openGuardian, type Ready } from "./context.ts";
import type { Device } from "./device.ts";
import { jsonIn } from "./files.ts";
import { whole } from "./numbers.ts";
import { columns, type Output } from "./output.ts";
import { Questions, until } from "./questions.ts";
import { type Asked, judge, judgementText, parseRules } from "./rules.ts";
import { readSigned, type Signed, SignedLog } from "./signed_log.ts";
import { STATUS, Stop } from "./stop.ts";

/** Adds the commands. */
export function addWatch(program: Command, doing: Doing): void {
  program.command("watch")
    .description(
      "stay: keep the pool filled, and answer by rules; what they leave is asked here, or else stays pending",
    )
    .option("--rules <file>", "JSON, a list of rules")
    .option("--pool <number>", "how many commitments are kept ahead", whole(0, 1000), 64)
    .action(({ rules, pool }: { rules?: string; pool: number }) =>
      doing((output) => watch(output, openDevice(), rules, pool))
    );

  program.command("signed")
    .description("what this device signed by rules, with nobody there; newest first")
    .option("--last <number>", "how many", whole(1), 50)
    .action(({ last }: { last: number }) =>
      doing(async (output) => {
        const all = await readSigned(openDevice().signedPath);
        const signed = all.reverse().slice(0, last);
        const more = all.length > last ? `\n\n${all.length - last} more are older` : "";
        output.result(
          { signed: signed.map(toldOf), more: all.length - signed.length },
          signed.length === 0
            ? "Nothing was signed by rules on this device"
            : signed.map(textOf).join("\n\n") + more,
        );
      })
    );

  program.command("rules")
    .description("rules of watch")
    .command("test")
    .description("say what the rules would do with an event, and by which rule")
    .argument("<rules>")
    .argument("<event>")
    .option("--requester <id>", "who asks", "")
    .action((rulesFile: string, eventFile: string, { requester }: { requester: string }) =>
      doing(async (output) => {
        const rules = parseRules(await jsonIn(rulesFile));
        const asked: Asked = { requester, event: parseEventTemplate(await jsonIn(eventFile)) };
        const judged = judge(rules, asked, Date.now(), new Map());
        output.result({ ...judged }, judgementText(judged, asked));
      })
    );
}

async function watch(
  output: Output,
  device: Device,
  rulesFile: string | undefined,
  pool: number,
): Promise<number> {
  const rules = rulesFile === undefined ? [] : parseRules(await jsonIn(rulesFile));
  const ending = new AbortController();
  const { signal } = ending;
  onSignals(() => ending.abort());
  const desk = new Desk(output, ending);
  const ready = await openGuardian(device, (sessions, share) => desk.ask(sessions, share));
  const { guardian, settings: { participantId, familyId }, share } = ready;
  const log = await SignedLog.open(device.signedPath);
  let signed = 0;
  const onResult = (result: Result<{ sessions: ApprovedSession[] }>) => {
    if (!result.success) {
      if (result.code !== "aborted") output.progress(`${result.code}: ${result.error}`);
      return;
    }
    for (const session of result.sessions) {
      if (session.success) {
        signed++;
        output.progress(`${session.sessionId}: answered`);
      } else if (session.code !== "not_approved") {
        output.progress(`${session.sessionId}: ${session.error}`);
      }
    }
  };
  const approveEach = async (session: FrostSession) => {
    const { session_id: sessionId, created_by: requester } = session;
    const { readable } = sessionTextFor(share, session);
    const isEvent = readable && session.event_template !== null;
    const event = isEvent ? parseEventTemplate(session.event_template) : undefined;
    const now = Date.now();
    const judged = judge(
      rules,
      { requester, event },
      now,
      log.history(rules, { sessionId, session }),
    );
    const says = judgementText(judged, { requester, event });
    output.progress(`${inLine(sessionId)} by ${inLine(requester)}: ${says}`);
    if (judged.decision === "ask") {
      if (canAsk()) desk.leave(ready, sessionId, onResult);
      else output.progress(`${sessionId}: nobody can be asked here; it stays pending`);
    }
    if (judged.decision !== "allow" || judged.rule === undefined) return false;
    const ruleWas = rules[judged.rule - 1];
    const by = { at: now, sessionId, requester, rule: judged.rule, ruleWas };
    try {
      await log.add({ ...by, session: shownPart(session), key: shownKey(share.keyShare) });
      return true;
    } catch (error) {
      output.progress(`${sessionId}: not signed, since it could not be noted: ${reasonOf(error)}`);
      return false;
    }
  };
  output.progress(`Watching as ${participantId} of ${familyId}`);
  await guardian.watch({
    signal,
    pool,
    approveEach,
    onResult,
    onPool: ({ withdrawn }: PublishedNonces) => {
      if (withdrawn === 0) return;
      output.progress(
        `${withdrawn} commitments of ${participantId} were not this device's, and were withdrawn. ` +
          "If another device of this guardian is running, stop it: each withdraws what the other publishes.",
      );
    },
  });
  await desk.settled();
  await log.close();
  output.result({ signed }, `Stopped. ${signed} answered`);
  return STATUS.done;
}

/**
 * The first signal ends the watch, and one that comes a second later or more, the process: npx passes on at once what the terminal
 * has sent to both.
 */
function onSignals(end: () => void): void {
  let first: number | undefined;
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      first ??= performance.now();
      if (performance.now() - first >= 1000) process.exit(STATUS.interrupted);
      end();
    });
  }
}

/** Asks the person who is there what the rules leave. */
class Desk {
  readonly #output: Output;
  readonly #ending: AbortController;
  readonly #questions: Questions;
  /** What lets the next question come, by the session that is asked. */
  readonly #asked = new Map<string, () => void>();

  constructor(output: Output, ending: AbortController) {
    this.#output = output;
    this.#ending = ending;
    this.#questions = new Questions(ending.signal);
  }

  /** Asks when the questions before are answered, and signs after a yes. */
  leave(
    { guardian, supabase }: Ready,
    id: string,
    onResult: (result: Result<{ sessions: ApprovedSession[] }>) => void,
  ): void {
    const { signal } = this.#ending;
    this.#questions.add(async (answered) => {
      this.#asked.set(id, answered);
      try {
        // The others may have finished it while another question was open.
        const read = await readFrostSession(supabase, id, { signal });
        if (read.success && isFinished(read.session.status)) return;
        onResult(await guardian.approve(id, { signal }));
      } catch (error) {
        if (error instanceof Stop && error.status === STATUS.interrupted) this.#ending.abort();
        else this.#output.progress(`${id}: ${reasonOf(error)}`);
      } finally {
        this.#asked.delete(id);
      }
    });
  }

  /** As the guardian asks; until the session expires, or the watch ends. */
  async ask(sessions: readonly SigningSession[], share: KeptShare): Promise<boolean> {
    const [{ session_id, expires_at }] = sessions;
    try {
      return await until(
        expires_at,
        this.#ending.signal,
        (signal) => askPerson(this.#output, sessions, share, { signal }),
      );
    } finally {
      this.#asked.get(session_id)?.();
    }
  }

  settled(): Promise<void> {
    return this.#questions.settled();
  }
}

/** What is kept of a session and of a key, to show them again. */
const shownPart = ({ message_hash, event_template, participants, threshold }: FrostSession) => ({
  message_hash,
  event_template,
  participants,
  threshold,
});
const shownKey = ({ group_public_key, threshold, participants }: KeyShare) => ({
  group_public_key,
  threshold,
  participants,
});

function textOf({ at, sessionId, requester, rule, ruleWas, session, key }: Signed): string {
  return [
    `${dateText(at)}  ${inLine(sessionId)}`,
    columns([
      ["", "Asked by", inLine(requester)],
      ["", "Rule", `${rule}: ${JSON.stringify(ruleWas)}`],
      ...sessionText(session, key).lines.map(({ label, text }) => ["", label, text]),
    ]),
  ].join("\n");
}

function toldOf({ session, key, ...one }: Signed): Record<string, unknown> {
  const { readable } = sessionText(session, key);
  return { ...one, ...session, readable };
}
