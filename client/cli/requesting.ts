/**
 * Asking for signatures, at the terminal.
 *
 * @module
 */
import { type Command, Option } from "commander";
import type { SupabaseClient } from "@supabase/supabase-js";
// @ts-types="./ws.d.ts"
import ws from "ws";
import { parseMessage } from "../../supabase/functions/_shared/frost/encoding.ts";
import { eventId, parseEventTemplate } from "../../supabase/functions/_shared/frost/nostr.ts";
import { suiteOf } from "../../supabase/functions/_shared/frost/suites.ts";
import { readCurrentKeyPackage } from "../sessions/key_packages.ts";
import { FrostSessionManager } from "../sessions/manager.ts";
import { publishSignedEvent } from "../sessions/publish.ts";
import type { SigningMode } from "../sessions/session.ts";
import type { Doing } from "./action.ts";
import { openDevice } from "./context.ts";
import type { Device } from "./device.ts";
import { jsonIn } from "./files.ts";
import { whole } from "./numbers.ts";
import type { Output } from "./output.ts";
import { must, STATUS, Stop } from "./stop.ts";

/** Adds the commands. */
export function addRequest(program: Command, doing: Doing): void {
  program.command("request")
    .description("ask for a signature on a Nostr event, or on a hash")
    .argument("[file]", "JSON of an event before it is signed")
    .option("--hash <hex>", "what is signed, in place of an event")
    .addOption(
      new Option("--mode <mode>", "how they sign").choices(["one_tap", "robust", "two_round"])
        .default("one_tap"),
    )
    .option("--threshold <number>", "how many sign; the key's by default", whole(1))
    .option("--minutes <number>", "how long it lives", whole(1, 10_080), 1440)
    .option("--wait", "wait for the signature")
    .option("--publish <relays>", "publish the event to these relays once signed; waits")
    .action((file: string | undefined, options: RequestOptions) =>
      doing((output) => request(output, openDevice(), file, options))
    );

  program.command("publish")
    .description("publish the event of a session that is signed; may be repeated")
    .argument("<id>")
    .argument("<relays>", "wss://…, with commas between")
    .action((id: string, relays: string) =>
      doing(async (output) => publish(output, await openDevice().client(), id, relays))
    );
}

interface RequestOptions {
  readonly hash?: string;
  readonly mode: SigningMode;
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
  const eventTemplate = file === undefined ? undefined : parseEventTemplate(await jsonIn(file));
  const supabase = await device.client();
  const { keyPackage } = must(await readCurrentKeyPackage(supabase, familyId));
  if (options.hash !== undefined) parseMessage(suiteOf(keyPackage.ciphersuite), options.hash);
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
  output.progress(
    `Waiting for the guardians. To see who has answered: permafrost show ${sessionId}`,
  );
  const { method, session, status } = must(await sessions.waitFor(sessionId, "completed"));
  if (method !== "frost" || status !== "completed") {
    throw new Stop(`The session is ${status}`, { code: status });
  }
  const finalSignature = String(session.final_signature);
  if (options.publish === undefined) {
    output.result({ sessionId, finalSignature }, finalSignature);
    return;
  }
  output.progress(`Signed: ${finalSignature}`);
  await publish(output, supabase, sessionId, options.publish, { finalSignature });
}

/** May be repeated: it is the same event each time. */
async function publish(
  output: Output,
  supabase: SupabaseClient,
  sessionId: string,
  relays: string,
  more: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const said = await publishSignedEvent(supabase, sessionId, relays.split(","), {
    // Node 20 has none.
    WebSocket: globalThis.WebSocket ?? ws,
  });
  const answers = (said.relays ?? []).map(({ relay, accepted, message }) =>
    `${relay} ${accepted ? "took it" : "did not take it"}${message === "" ? "" : `: ${message}`}`
  );
  if (!said.success) {
    throw new Stop([said.error, ...answers].join("\n"), { code: said.code });
  }
  const { event } = said;
  output.result(
    { sessionId, ...more, event, relays: said.relays },
    [event.id, ...answers].join("\n"),
  );
}
