/**
 * Asking for signatures and giving them, at the terminal.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import process from "node:process";
import type { Command } from "commander";
import { eventId, type EventTemplate } from "../../supabase/functions/_shared/frost/nostr.ts";
import { quorumTransport } from "../guardian/quorum_transport.ts";
import type { SigningSession } from "../guardian/signing_session.ts";
import type { KeyShare } from "../guardian/key_share.ts";
import { kindName, sessionText } from "../presentation/session_text.ts";
import { FrostSessionManager } from "../sessions/manager.ts";
import { publishSignedEvent } from "../sessions/publish.ts";
import { readCurrentKeyPackage } from "../sessions/key_packages.ts";
import { readSession } from "../sessions/session.ts";
import { fieldOf } from "../shapes.ts";
import { rpc } from "../transport.ts";
import { askPerson, openDevice, openGuardian } from "./context.ts";
import type { Device } from "./device.ts";
import type { Action } from "./main.ts";
import { columns, type Output } from "./output.ts";
import { type Asked, judge, judgementText, parseRules, type Rule } from "./rules.ts";
import { must, STATUS, Stop } from "./stop.ts";

type Doing = (action: Action) => Promise<void>;

/** Adds the commands. */
export function addSigning(program: Command, doing: Doing): void {
  program.command("pending")
    .description("what awaits this guardian")
    .action(() =>
      doing(async (output) => {
        const device = openDevice();
        const { sessions: awaiting } = must(
          await quorumTransport(await device.client()).listAwaited(),
        );
        output.result(
          { sessions: awaiting },
          awaiting.length === 0 ? "Nothing awaits you" : columns(awaiting.map((session) => [
            session.session_id,
            session.event_kind === null ? "a hash" : kindName(session.event_kind),
            `by ${session.created_by}`,
            session.status,
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
        const keyShare = await device.share();
        const { lines, readable } = sessionText(session, keyShare);
        output.result(
          { session, readable },
          columns([
            ...lines.map(({ label, text }) => [label, text]),
            ["Asked by", session.created_by],
            ["State", session.status],
          ]),
        );
      })
    );

  program.command("approve")
    .description("show a session, ask, and sign it")
    .argument("<ids...>")
    .option("--yes", "do not ask")
    .action((ids: string[], { yes = false }: { yes?: boolean }) =>
      doing(async (output) => {
        const { guardian } = await openGuardian(
          openDevice(),
          (sessions, keyShare) => askPerson(output, sessions, keyShare, yes),
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

  program.command("request")
    .description("ask for a signature on a Nostr event, or on a hash")
    .argument("[file]", "JSON of an event before it is signed")
    .option("--hash <hex>", "what is signed, in place of an event")
    .option("--mode <mode>", "one_tap, robust or two_round", "one_tap")
    .option("--threshold <number>", "how many sign; the key's by default", Number)
    .option("--minutes <number>", "how long it lives", Number, 1440)
    .option("--wait", "wait for the signature")
    .option("--publish <relays>", "publish the event to these relays once signed; waits")
    .action((file: string | undefined, options: RequestOptions) =>
      doing((output) => request(output, openDevice(), file, options))
    );

  program.command("watch")
    .description(
      "stay: keep the pool filled, and answer by rules; what none fits is left to be asked",
    )
    .option("--rules <file>", "JSON, a list of rules")
    .option("--pool <number>", "how many commitments are kept ahead", Number, 64)
    .action(({ rules, pool }: { rules?: string; pool: number }) =>
      doing((output) => watch(output, openDevice(), rules, pool))
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
        const rules = parseRules(JSON.parse(await readFile(rulesFile, "utf8")));
        const event: EventTemplate = JSON.parse(await readFile(eventFile, "utf8"));
        const asked: Asked = { requester, event };
        const judged = judge(rules, asked, Date.now(), new Map());
        output.result({ ...judged }, judgementText(judged, asked));
      })
    );
}

interface RequestOptions {
  readonly hash?: string;
  readonly mode: "one_tap" | "robust" | "two_round";
  readonly threshold?: number;
  readonly minutes: number;
  readonly wait?: boolean;
  readonly publish?: string;
}

async function request(
  output: Output,
  device: Device,
  file: string | undefined,
  options: RequestOptions,
): Promise<void> {
  if ((file === undefined) === (options.hash === undefined)) {
    throw new Stop("Give a file with an event, or --hash", {
      code: "misused",
      status: STATUS.misused,
    });
  }
  const { familyId } = await device.settings();
  const supabase = await device.client();
  const { keyPackage } = must(await readCurrentKeyPackage(supabase, familyId));
  const eventTemplate: EventTemplate | undefined = file === undefined
    ? undefined
    : JSON.parse(await readFile(file, "utf8"));
  const sessions = new FrostSessionManager(supabase);
  const created = must(
    await sessions.createSession({
      familyId,
      messageHash: options.hash ?? eventId(eventTemplate, keyPackage.group_public_key),
      eventTemplate,
      participants: keyPackage.participants,
      threshold: options.threshold ?? keyPackage.threshold,
      mode: options.mode,
      expirationSeconds: 60 * options.minutes,
    }),
  );
  const { sessionId } = created;
  output.progress(`Session ${sessionId}, ${created.mode}`);
  if (!options.wait && options.publish === undefined) {
    output.result({ ...created }, sessionId);
    return;
  }
  output.progress("Waiting for the guardians");
  const waited = must(
    await sessions.waitFor(sessionId, "completed", { timeoutMs: 60_000 * options.minutes }),
  );
  if (waited.status !== "completed") {
    throw new Stop(`The session is ${waited.status}`, { code: String(waited.status) });
  }
  const { session } = must(await sessions.getSession(sessionId));
  const published = options.publish === undefined
    ? {}
    : must(await publishSignedEvent(supabase, sessionId, options.publish.split(",")));
  output.result(
    { sessionId, finalSignature: session.final_signature, ...published },
    String(session.final_signature),
  );
}

async function watch(
  output: Output,
  device: Device,
  rulesFile: string | undefined,
  pool: number,
): Promise<number> {
  const rules: Rule[] = rulesFile === undefined
    ? []
    : parseRules(JSON.parse(await readFile(rulesFile, "utf8")));
  const history = new Map<number, number[]>();
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => controller.abort());
  }
  const approve = async (asked: readonly SigningSession[], keyShare: KeyShare) => {
    for (const session of asked) {
      const { readable } = sessionText(session, keyShare);
      const event = readable ? session.event_template as EventTemplate : undefined;
      const requester = await requesterOf(session.session_id);
      const judged = judge(rules, { requester, event }, Date.now(), history);
      output.progress(
        `${session.session_id} by ${requester}: ${judgementText(judged, { requester, event })}`,
      );
      if (judged.decision !== "allow" || judged.rule === undefined) return false;
      history.set(judged.rule, [...history.get(judged.rule) ?? [], Date.now()]);
    }
    return true;
  };
  const requesterOf = async (id: string) => {
    const read = await readSession(ready.supabase, id);
    return read.success ? read.session.created_by : "";
  };
  const ready = await openGuardian(device, approve);
  const { guardian, settings } = ready;
  output.progress(`Watching as ${settings.participantId} of ${settings.familyId}`);
  let signed = 0;
  await guardian.watch({
    signal: controller.signal,
    pool,
    onPool: ({ withdrawn }) => {
      if (withdrawn === 0) return;
      output.progress(
        `${withdrawn} commitments of ${settings.participantId} were not this device's, and were withdrawn. ` +
          "If another device of this guardian is running, stop it: each withdraws what the other publishes.",
      );
    },
    onResult: (result) => {
      if (!result.success) return output.progress(`${result.code}: ${result.error}`);
      for (const session of result.sessions) {
        if (session.success) signed++;
        output.progress(
          session.success
            ? `${session.sessionId}: answered`
            : `${session.sessionId}: ${session.error}`,
        );
      }
    },
  });
  output.result({ signed }, `Stopped. ${signed} answered`);
  return STATUS.done;
}
