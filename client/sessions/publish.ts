/**
 * Publishing the Nostr event of a finished session (NIP-01).
 *
 * https://github.com/nostr-protocol/nips/blob/master/01.md
 *
 * @module
 */
import { AbstractRelay } from "nostr-tools/abstract-relay";
import { verifyEvent } from "nostr-tools/pure";
import { FrostError } from "../../supabase/functions/_shared/frost/error.ts";
import { finishEvent, type NostrEvent } from "../../supabase/functions/_shared/frost/nostr.ts";
import { TAPROOT_CIPHERSUITE } from "../../supabase/functions/_shared/frost/suites.ts";
import type { SigningMethod } from "../../supabase/functions/_shared/methods.ts";
import { reasonOf } from "../answers.ts";
import { type Failure, failure, type Result, type Success, success } from "../result.ts";
import type { Supabase } from "../supabase.ts";
import { type CallOptions, rpc } from "../transport.ts";
import { readSignedSession, type SignedSession } from "./verification.ts";

/** How to publish. */
export interface PublishOptions extends CallOptions {
  /** If known; else sessions of both kinds are looked for. */
  readonly method?: SigningMethod;
  /** How long a relay may take to answer; 10,000 if not given. */
  readonly relayTimeoutMs?: number;
  /** For Node 20, which has none: that of the npm package `ws`. */
  readonly WebSocket?: typeof WebSocket;
}

/** What one relay said. */
export interface RelayAnswer {
  readonly relay: string;
  readonly accepted: boolean;
  /** The relay's own words (`duplicate: …`, `blocked: …`), or why it gave no answer. */
  readonly message: string;
}

/** An event that at least one relay took. */
export interface Publication {
  readonly event: NostrEvent;
  readonly relays: readonly RelayAnswer[];
}

/** A failure after relays were asked says what they said. */
export type PublishResult = Success<Publication> | (Failure & Partial<Publication>);

const RELAY_TIMEOUT_MS = 10_000;

/**
 * Builds the event of a completed session from its template, the group key and the signature, checks it,
 * and publishes it to each relay. Once a relay took it, the session's `final_event_id` is set. May be
 * repeated, with the same relays and others: it is the same event each time.
 *
 * Errors: `session_not_found`, `no_key_package`; `round_open`, `session_expired`, `session_finished` where
 * there is no signature; `event_mismatch` if the message is not the id of an event; `signature_invalid`;
 * `invalid_input` unless every relay is a `wss://` or `ws://` address; `not_published` if no relay took it, and
 * `relays` says why.
 *
 * @param relays - Their addresses, `wss://…`.
 *
 * @example
 * ```ts
 * import { createClient } from "@supabase/supabase-js";
 * import { publishSignedEvent } from "@permafrost/client/sessions";
 *
 * const supabase = createClient("https://abc.supabase.co", "sb_publishable_…");
 * const published = await publishSignedEvent(supabase, "the session's id", ["wss://relay.example"]);
 * for (const { relay, message } of published.relays ?? []) console.log(relay, message);
 * ```
 */
export async function publishSignedEvent(
  supabase: Supabase,
  id: string,
  relays: readonly string[],
  options: PublishOptions = {},
): Promise<PublishResult> {
  const { method, relayTimeoutMs, WebSocket, ...call } = options;
  const addresses = new Set<string>();
  for (const relay of relays) {
    const address = relayAddress(relay);
    if (address === undefined) {
      return failure("invalid_input", `A relay must be a wss:// or ws:// address: ${relay}`);
    }
    addresses.add(address);
  }
  if (addresses.size === 0) return failure("invalid_input", "There must be at least one relay");
  const signed = await readSignedSession(supabase, id, method, call);
  if (!signed.success) return signed;
  const made = eventOf(signed);
  if (!made.success) return made;
  const { event } = made;
  const answers = await Promise.all(
    [...addresses].map((relay) =>
      publishTo(relay, event, {
        signal: call.signal,
        timeoutMs: relayTimeoutMs ?? RELAY_TIMEOUT_MS,
        WebSocket,
      })
    ),
  );
  if (!answers.some(({ accepted }) => accepted)) {
    const refused = call.signal?.aborted ? failure("aborted") : failure("not_published");
    return { ...refused, event, relays: answers };
  }
  const args = { p_session_id: id, p_event_id: event.id };
  const recorded = await rpc(supabase, "record_published_event", args, (data) => data ?? true, {
    ...call,
    safe: true,
  });
  // It is published all the same: the caller needs the relays' answers.
  return recorded.success
    ? success({ event, relays: answers })
    : { ...recorded, event, relays: answers };
}

/** The signed event, if it is one that relays and their users will take. */
function eventOf({ found, keyPackage, finalSignature }: SignedSession): Result<
  { event: NostrEvent }
> {
  const { event_template: template, message_hash: message } = found.session;
  if (template === null || keyPackage.ciphersuite !== TAPROOT_CIPHERSUITE) {
    return failure("event_mismatch", "The session did not sign a Nostr event");
  }
  try {
    const event = finishEvent(template, keyPackage.group_public_key, finalSignature);
    if (event.id !== message) {
      return failure("event_mismatch", "The signed message is not the id of the session's event");
    }
    // A copy, since nostr-tools keeps what it found out on the event itself.
    return verifyEvent({ ...event })
      ? success({ event })
      : failure("signature_invalid", "The session's signature is not valid for its event");
  } catch (error) {
    if (error instanceof FrostError) return failure(error.code, error.message);
    throw error;
  }
}

async function publishTo(
  address: string,
  event: NostrEvent,
  { signal, timeoutMs, WebSocket: implementation }:
    & Required<Pick<CallOptions, "timeoutMs">>
    & Pick<PublishOptions, "signal" | "WebSocket">,
): Promise<RelayAnswer> {
  const websocketImplementation = implementation ?? globalThis.WebSocket;
  const unanswered = (message: string) => ({ relay: address, accepted: false, message });
  if (websocketImplementation === undefined) return unanswered("There is no WebSocket here");
  if (signal?.aborted) return unanswered("The caller gave up");
  // From relays only their answers are read.
  const relay = new AbstractRelay(address, { verifyEvent: () => false, websocketImplementation });
  relay.publishTimeout = timeoutMs;
  let giveUp = () => {};
  const givenUp = new Promise<never>((_, reject) => {
    giveUp = () => reject(new Error("The caller gave up"));
  });
  signal?.addEventListener("abort", giveUp);
  try {
    const published = relay.connect({ timeout: timeoutMs }).then(() => relay.publish(event));
    const message = await Promise.race([published, givenUp]);
    // NIP-01 asks for a reason, which may be empty; some relays give none.
    return { relay: address, accepted: true, message: message ?? "" };
  } catch (error) {
    const message = reasonOf(error);
    // Some relays refuse an event that they have already; NIP-01 calls that accepted.
    return { relay: address, accepted: message.startsWith("duplicate:"), message };
  } finally {
    signal?.removeEventListener("abort", giveUp);
    relay.close();
  }
}

/** One spelling of a relay's address; `undefined` unless it is `wss://` or `ws://`. */
function relayAddress(text: string): string | undefined {
  try {
    const url = new URL(text);
    url.hash = "";
    return url.protocol === "wss:" || url.protocol === "ws:" ? url.href : undefined;
  } catch {
    return undefined;
  }
}
