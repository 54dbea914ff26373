/**
 * What awaits a guardian, and its answers, at the terminal.
 *
 * @module
 */
import type { Command } from "commander";
import type { ApprovedSession } from "../guardian/approving.ts";
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
import { listCeremonies } from "../ceremonies/reading.ts";
import { RecoveryGuardian } from "../recovery/guardian.ts";
import { RecoveryRequests } from "../recovery/requests.ts";
import { FrostSessionManager } from "../sessions/manager.ts";
import type { FrostSession } from "../sessions/session.ts";
import { fieldOf } from "../shapes.ts";
import { rpc } from "../transport.ts";
import type { Doing } from "./action.ts";
import { agree } from "./ask.ts";
import { askPerson, openDevice, openGuardian } from "./context.ts";
import { columns } from "./output.ts";
import { must, Stop } from "./stop.ts";

/** Adds the commands. */
export function addSigning(program: Command, doing: Doing): void {
  program.command("pending")
    .description("what awaits this guardian: who asks for what, and until when")
    .action(() =>
      doing(async (output) => {
        const device = openDevice();
        const { familyId, participantId } = await device.settings();
        const supabase = await device.client();
        const transport = quorumTransport(supabase);
        const { sessions: awaiting } = must(await transport.listAwaited({ familyId }));
        const ids = awaiting.map(({ session_id }) => session_id);
        const { sessions } = must(await readAll(transport, ids, {}));
        const requests = new RecoveryRequests(supabase);
        const { requests: recoveries } = must(
          await requests.list({ awaitingMe: true, familyId }),
        );
        const listed = must(await listCeremonies(supabase, familyId));
        const ceremonies = listed.ceremonies.filter(({ missing }) =>
          missing.includes(participantId)
        );
        const rows = [
          ...sessions.map((session) => [
            session.session_id,
            `by ${session.created_by}`,
            session.event_kind === null ? "a hash" : kindName(session.event_kind),
            beginningOf(contentOf(session)),
            `until ${dateText(session.expires_at)}`,
          ]),
          ...ceremonies.map(({ ceremonyId, createdBy, kind, threshold, participants }) => [
            ceremonyId,
            `by ${createdBy ?? "an operator"}`,
            kind === "dkg" ? "ceremony: a new key" : "ceremony: the key, dealt anew",
            `${threshold} of ${beginningOf(participants.join(", "))}`,
            "permafrost ceremony show",
          ]),
          ...recoveries.map(({ request_id, created_by, expires_at }) => [
            request_id,
            `by ${created_by}`,
            "RECOVERY: your share itself",
            "permafrost give",
            `until ${dateText(expires_at)}`,
          ]),
        ];
        output.result(
          { sessions, ceremonies, recoveries },
          rows.length === 0 ? "Nothing awaits you" : columns(rows),
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
          async (sessions, share) => {
            const agreed = await askPerson(output, sessions, share, options);
            if (agreed) output.progress("Yes. Waiting for the others: leave this running");
            return agreed;
          },
        );
        const answers: ApprovedSession[] = [];
        for (const id of ids) answers.push(...must(await guardian.approve(id)).sessions);
        const outcomes = answers.map((answer) => must(answer));
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

  program.command("give")
    .description("give your share itself, in a recovery that you know of")
    .argument("<id>")
    .requiredOption("--digits <digits>", "of the other device, as its person has read them to you")
    .option("--yes", "do not ask")
    .action((id: string, { digits, yes = false }: { digits: string; yes?: boolean }) =>
      doing(async (output) => {
        const device = openDevice();
        const supabase = await device.client();
        const share = await device.share();
        const { request } = must(await new RecoveryRequests(supabase).get(id));
        const heard = digits.replaceAll(/\s/g, "");
        const given = must(
          await new RecoveryGuardian(supabase).submitShare(request, {
            keyShare: share.keyShare,
            approve: async ({ fingerprint }) => {
              if (fingerprint.replaceAll(/\s/g, "") !== heard) {
                throw new Stop(
                  "Your share would go to a device with other digits. Call its person again: if they are right, somebody stands between you",
                );
              }
              for (const { label, text } of sessionTextFor(share, request).lines) {
                output.progress(`${label}: ${text}`);
              }
              const who = inLine(request.created_by);
              output.progress(`With enough shares ${who} has the whole key, for good.`);
              return yes || await output.quietly(() => agree(`Give your share to ${who}?`));
            },
          }),
        );
        output.result({ ...given }, `Given; the recovery is ${given.status}`);
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
