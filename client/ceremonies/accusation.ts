/**
 * Finding out who sent a share that does not fit, and showing it to the others by evidence that opens that share and
 * no other one.
 *
 * @module
 */
import { hexToBytes } from "@noble/curves/utils.js";
import { isEncryptedShareRight } from "../../supabase/functions/_shared/chilldkg/complaint.ts";
import { ChillDkgError } from "../../supabase/functions/_shared/chilldkg/errors.ts";
import { contextOfShare, ephemeralKeyOf } from "../../supabase/functions/_shared/ceremony/fault.ts";
import { hexField, type Message } from "../../supabase/functions/_shared/ceremony/payload.ts";
import {
  type CeremonyTerms,
  chillDkgParams,
} from "../../supabase/functions/_shared/ceremony/terms.ts";
import { verifyMessage } from "../../supabase/functions/_shared/ceremony/verification.ts";
import { proveShared } from "../../supabase/functions/_shared/dkg/evidence.ts";
import { sharedPoint } from "../../supabase/functions/_shared/dkg/host_curve.ts";
import type { Result } from "../result.ts";
import type { Supabase } from "../supabase.ts";
import { type CallOptions, invoke } from "../transport.ts";
import { BadShareError } from "./received_share.ts";
import type { HostKey } from "./host_key.ts";
import type { CeremonyView, KeptMessage } from "./reading.ts";

/** Who sent a bad share, and under which key. */
export interface Culprit {
  readonly sender: string;
  /** 33 bytes as lower-case hex. */
  readonly ephemeralKey: string;
}

/**
 * Who may be accused of what went wrong; `undefined` where nobody can be: it was the server, or accusing would show
 * more than one share.
 */
export function culpritOf(
  view: CeremonyView,
  messages: readonly KeptMessage[],
  me: string,
  hostKey: HostKey,
  error: unknown,
): Culprit | undefined {
  const { terms } = view;
  const dealings = dealingsOf(view, messages);
  if (error instanceof ChillDkgError && error.kind === "unknown_faulty") {
    return terms.participants.filter((sender) => sender !== me)
      .map((sender) => badChillDkgShare(terms, sender, dealings.get(sender), me, hostKey))
      .find((culprit) => culprit !== undefined);
  }
  if (!(error instanceof BadShareError) || error.sender === me) return undefined;
  const dealing = dealings.get(error.sender);
  if (dealing === undefined) return undefined;
  // Of a reshare the polynomial hides a live share. Whoever took another dealer's ephemeral key for its own would have
  // the evidence open that dealer's share: so it must have proved that it knows the secret of its key.
  if (terms.kind === "reshare" && dealing.payload.ephemeralProof === undefined) return undefined;
  return { sender: error.sender, ephemeralKey: ephemeralKeyOf(terms, dealing) };
}

/** The messages of round one that verify. */
function dealingsOf(view: CeremonyView, messages: readonly KeptMessage[]): Map<string, Message> {
  const { terms } = view;
  const dealings = new Map<string, Message>();
  for (const { round, sender, payload } of messages) {
    if (round !== 1) continue;
    try {
      dealings.set(sender, verifyMessage(terms, view, 1, sender, payload));
    } catch { // The server should not have taken it; it is no evidence.
    }
  }
  return dealings;
}

function badChillDkgShare(
  terms: CeremonyTerms,
  sender: string,
  dealing: Message | undefined,
  me: string,
  hostKey: HostKey,
): Culprit | undefined {
  if (dealing === undefined) return undefined;
  const ephemeralKey = ephemeralKeyOf(terms, dealing);
  const shared = hostKey.withSecret((secret) => sharedPoint(secret, ephemeralKey));
  const isRight = isEncryptedShareRight(
    hexToBytes(hexField(dealing, "message")),
    chillDkgParams(terms),
    terms.participants.indexOf(me),
    hexToBytes(shared),
  );
  return isRight ? undefined : { sender, ephemeralKey };
}

/** Shows the others who it was. Errors: those of `report-ceremony-fault`. */
export function accuse(
  supabase: Supabase,
  { terms, paramsId }: CeremonyView,
  me: string,
  hostKey: HostKey,
  { sender, ephemeralKey }: Culprit,
  options: CallOptions,
): Promise<Result<{ status: string; blamed: string[] }>> {
  const context = contextOfShare(terms, paramsId, { sender, recipient: me });
  const evidence = hostKey.withSecret((secret) => proveShared(secret, ephemeralKey, context));
  return invoke(
    supabase,
    "report-ceremony-fault",
    { ceremonyId: terms.ceremonyId, against: sender, evidence },
    { ...options, safe: true, participantId: me },
  );
}
