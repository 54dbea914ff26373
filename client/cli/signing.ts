/**
 * What awaits a guardian, and its answers, at the terminal.
 *
 * @module
 */
import type { Command } from "commander";
import { readAll } from "../guardian/asked_sessions.ts";
import { quorumTransport } from "../guardian/quorum_transport.ts";
import { answersOf, type SessionAnswers } from "../presentation/session_answers.ts";
import {
  beginningOf,
  dateText,
  inLine,
  kindName,
  sessionTextFor,
} from "../presentation/session_text.ts";
import { FrostSessionManager } from "../sessions/manager.ts";
import type { FrostSession } from "../sessions/session.ts";
import { fieldOf } from "../shapes.ts";
import { rpc } from "../transport.ts";
import type { Doing } from "./action.ts";
import { askPerson, openDevice, openGuardian } from "./context.ts";
import { columns } from "./output.ts";
import { must, STATUS, Stop } from "./stop.ts";

/** Adds the commands. */
export function addSigning(program: Command, doing: Doing): void {
  program.command("pending")
    .description("what awaits this guardian: who asks for what, and until when")
    .action(() =>
      doing(async (output) => {
        const transport = quorumTransport(await openDevice().client());
        const { sessions: awaiting } = must(await transport.listAwaited());
        const ids = awaiting.map(({ session_id }) => session_id);
        const { sessions } = must(await readAll(transport, ids, {}));
        output.result(
          { sessions },
          sessions.length === 0 ? "Nothing awaits you" : columns(sessions.map((session) => [
            session.session_id,
            `by ${session.created_by}`,
            session.event_kind === null ? "a hash" : kindName(session.event_kind),
            beginningOf(contentOf(session)),
            `until ${dateText(session.expires_at)}`,
          ])),
        );
      })
    );

  program.command("show")
    .description("what a session is to sign, and how far it has come")
    .argument("<id>")
    .action((id: string) =>
      doing(async (output) => {
        const device = openDevice();
        const sessions = new FrostSessionManager(await device.client());
        const { session } = must(await sessions.getSession(id));
        const { lines, readable } = sessionTextFor(await device.share(), session);
        const answers = answersOf(session);
        output.result(
          { session, readable, ...answers },
          columns([
            ...lines.map(({ label, text }) => [label, text]),
            ["Asked by", inLine(session.created_by)],
            ["State", session.status],
            ...answersText(answers, session),
          ]),
        );
      })
    );

  program.command("approve")
    .description("show a session, ask, and sign it")
    .argument("<ids...>")
    .option("--yes", "do not ask")
    .option("--unreadable", "with --yes: sign also hashes that nobody can read")
    .action((ids: string[], options: { yes?: boolean; unreadable?: boolean }) =>
      doing(async (output) => {
        const { guardian } = await openGuardian(
          openDevice(),
          (sessions, share) => askPerson(output, sessions, share, options),
        );
        const outcomes: Record<string, unknown>[] = [];
        for (const id of ids) {
          const { sessions } = must(await guardian.approve(id));
          outcomes.push(...sessions.map((session) => ({ ...session })));
        }
        const refused = outcomes.find(({ success }) => success !== true);
        if (refused !== undefined) {
          const declined = refused.code === "not_approved";
          throw new Stop(String(refused.error), {
            code: String(refused.code),
            status: declined ? STATUS.declined : STATUS.failed,
          });
        }
        output.result(
          { sessions: outcomes },
          outcomes.map(({ sessionId, finalSignature }) =>
            finalSignature === undefined
              ? `${sessionId}: answered`
              : `${sessionId}: signed\n${finalSignature}`
          ).join("\n"),
        );
      })
    );

  program.command("decline")
    .description("say no to a session, a recovery or a ceremony; final")
    .argument("<id>")
    .requiredOption("--reason <text>", "for the others to read")
    .action((id: string, { reason }: { reason: string }) =>
      doing(async (output) => {
        const device = openDevice();
        const args = { p_session_id: id, p_reason: reason };
        const { answer } = must(
          await rpc(await device.client(), "decline_signing_request", args, (data) => ({
            status: String(fieldOf(data, "status")),
          }), { safe: true }),
        );
        output.result(answer, `Declined; it is ${answer.status}`);
      })
    );
}

/** As the server tells it: what is approved is shown once more, and checked. */
function contentOf({ event_template }: FrostSession): string {
  const content = fieldOf(event_template, "content");
  return typeof content === "string" ? content : "";
}

function answersText(
  { answered, awaited, missing }: SessionAnswers,
  { final_signature, declined }: FrostSession,
): string[][] {
  const names = (list: readonly string[]) => inLine(list.join(", "));
  return [
    ["Answered", answered.length === 0 ? "nobody yet" : names(answered)],
    ...(awaited.length === 0 ? [] : [["Waiting for", `${missing} of ${names(awaited)}`]]),
    ...Object.entries(declined).map(([name, why]) => ["Declined", inLine(`${name}: ${why}`)]),
    ...(final_signature === null ? [] : [["Signature", final_signature]]),
  ];
}
