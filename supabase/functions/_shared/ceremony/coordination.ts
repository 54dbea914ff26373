/**
 * The coordinator of ceremonies: it verifies what comes in, has the database keep it, and computes what a complete
 * round makes. It knows no secret, and devices believe nothing of what it says.
 *
 * @module
 */
import type { SupabaseClient } from "@supabase/supabase-js";
import type { Admin, UserContext } from "../authentication.ts";
import {
  BlamedCeremony,
  Ceremony,
  CeremonyMessages,
  CeremonyProgress,
  LoggedRefusal,
  read,
} from "../database.ts";
import type { Database } from "../database.types.ts";
import type { Evidence } from "../dkg/evidence.ts";
import { Refusal } from "../errors.ts";
import { FrostError } from "../frost/error.ts";
import { doesShareFit } from "./fault.ts";
import { closeRound } from "./outcome.ts";
import { type Message, messageOf, type Payload } from "./payload.ts";
import { type CeremonyTerms, keyPackageDigest, sendersOf } from "./terms.ts";
import {
  type RoundMessages,
  SignedFault,
  transcriptHashOf,
  verifyMessage,
} from "./verification.ts";

/** @throws {Refusal} `session_not_found`. */
export async function readCeremony(
  supabase: SupabaseClient<Database>,
  ceremonyId: string,
): Promise<Ceremony> {
  return read(Ceremony, await supabase.rpc("get_key_ceremony", { p_ceremony_id: ceremonyId }));
}

/** A ceremony of the database, in the words of the devices. */
export function termsOf(ceremony: Ceremony): CeremonyTerms {
  return {
    ceremonyId: ceremony.ceremony_id,
    familyId: ceremony.family_id,
    kind: ceremony.kind,
    protocol: ceremony.protocol,
    ciphersuite: ceremony.ciphersuite,
    threshold: ceremony.threshold,
    participants: ceremony.participants,
    hostPublicKeys: ceremony.host_public_keys,
    dealers: ceremony.dealers,
    dealerHostPublicKeys: ceremony.dealer_host_public_keys,
    fromPackage: ceremony.from_key_package,
  };
}

/** The messages of the first two rounds, which were verified when they came in. */
async function readMessages(admin: Admin, ceremony: Ceremony): Promise<RoundMessages[]> {
  const terms = termsOf(ceremony);
  const rows = read(
    CeremonyMessages,
    await admin.from("frost_ceremony_messages").select("round, participant_id, payload")
      .eq("ceremony_id", ceremony.ceremony_id).lt("round", 3),
  );
  return [1, 2].map((round) =>
    new Map(
      rows.filter((row) => row.round === round).map((row): [string, Message] => [
        row.participant_id,
        messageOf(terms, round, row.payload),
      ]),
    )
  );
}

/**
 * Verifies a message and has it recorded; one that its sender has signed and that does not verify is on record under
 * its name.
 *
 * @throws {Refusal} `not_a_participant`, `round_open`, `round_closed`; and those of `record_ceremony_message`.
 * @throws {FrostError} `ceremony_message_invalid`.
 */
export async function receiveMessage(
  { supabaseAdmin }: UserContext,
  ceremony: Ceremony,
  round: number,
  sender: string,
  payload: Payload,
): Promise<CeremonyProgress> {
  const terms = termsOf(ceremony);
  const record = async () =>
    read(
      CeremonyProgress,
      await supabaseAdmin.rpc("record_ceremony_message", {
        p_ceremony_id: ceremony.ceremony_id,
        p_participant_id: sender,
        p_round: round,
        p_payload: payload,
      }),
    );
  const hasSent = ceremony.received[round]?.includes(sender) ?? false;
  // What the database refuses anyhow, or knows, needs no arithmetic: who never sends in this round, what is over, and
  // exact retries.
  if (!sendersOf(terms, round).includes(sender) || ceremony.round === null || hasSent) {
    return await record();
  }
  // Not left to the database: by the time it looks, the round may be open, and nobody has verified the message.
  if (ceremony.round !== round) {
    throw new Refusal(
      ceremony.round < round ? "round_open" : "round_closed",
      `Round ${ceremony.round} is the open one`,
    );
  }
  try {
    const { paramsId, ...view } = await viewOf(supabaseAdmin, ceremony, round);
    verifyMessage(terms, { paramsId, ...view }, round, sender, payload);
  } catch (error) {
    if (!(error instanceof SignedFault) && !(error instanceof FrostError)) throw error;
    read(
      LoggedRefusal,
      await supabaseAdmin.rpc("record_refused_ceremony_message", {
        p_ceremony_id: ceremony.ceremony_id,
        p_participant_id: sender,
        p_round: round,
        p_reason: error.message,
        p_payload: error instanceof SignedFault ? payload : undefined,
      }),
    );
    throw new Refusal("ceremony_message_invalid", error.message);
  }
  return await record();
}

async function viewOf(admin: Admin, ceremony: Ceremony, round: number) {
  const { params_id: paramsId, coordinator_messages: coordinatorMessages } = ceremony;
  const recoveryData = ceremony.recovery_data ?? undefined;
  if (round < 3 || ceremony.key_package === null) return { paramsId, coordinatorMessages };
  const rounds = ceremony.protocol === "chilldkg" ? [] : await readMessages(admin, ceremony);
  const transcriptHash = transcriptHashOf(termsOf(ceremony), paramsId, rounds, recoveryData);
  const confirmed = { transcriptHash, packageDigest: keyPackageDigest(ceremony.key_package) };
  return { paramsId, coordinatorMessages, recoveryData, confirmed };
}

const ROUNDS: Readonly<Record<string, number>> = { round_one: 1, round_two: 2 };

/**
 * Ends the open round if all its messages are there.
 *
 * @throws {FrostError} `ceremony_message_invalid` where what was sent makes no key.
 */
export async function advance(
  admin: Admin,
  ceremony: Ceremony,
  progress: CeremonyProgress,
): Promise<CeremonyProgress> {
  const round = ROUNDS[progress.status];
  if (round === undefined || progress.missing.length > 0) return progress;
  const { coordinatorMessage, recoveryData, key } = closeRound(
    termsOf(ceremony),
    round,
    await readMessages(admin, ceremony),
  );
  return read(
    CeremonyProgress,
    await admin.rpc("advance_key_ceremony", {
      p_ceremony_id: ceremony.ceremony_id,
      p_round: round,
      p_coordinator_message: coordinatorMessage,
      p_recovery_data: recoveryData,
      p_key_package: key && { ...key },
    }),
  );
}

/**
 * Judges a complaint, and fails the ceremony by the name of who deviated.
 *
 * @throws {Refusal} `not_a_participant` for who got no share, or accuses who sent none or itself; `round_open` before
 *   the accused has sent; and those of `blame_in_ceremony`.
 * @throws {FrostError} `ceremony_message_invalid` for evidence that proves nothing.
 */
export async function judge(
  admin: Admin,
  ceremony: Ceremony,
  reporter: string,
  against: string,
  evidence: Evidence,
) {
  const terms = termsOf(ceremony);
  if (!terms.participants.includes(reporter)) {
    throw new Refusal("not_a_participant", "The caller is sent no share in this ceremony");
  }
  if (!sendersOf(terms, 1).includes(against) || against === reporter) {
    throw new Refusal(
      "not_a_participant",
      "The accused sends the caller no share in this ceremony",
    );
  }
  const [roundOne, roundTwo] = await readMessages(admin, ceremony);
  const dealing = roundOne.get(against);
  const ciphertexts = (terms.protocol === "pedersen" ? roundTwo : roundOne).get(against);
  if (dealing === undefined || ciphertexts === undefined) {
    throw new Refusal("round_open", "The accused has not sent its shares yet");
  }
  const fits = doesShareFit(
    terms,
    ceremony.params_id,
    { sender: against, recipient: reporter, dealing, ciphertexts },
    evidence,
  );
  return read(
    BlamedCeremony,
    await admin.rpc("blame_in_ceremony", {
      p_ceremony_id: ceremony.ceremony_id,
      p_reporter: reporter,
      p_against: against,
      p_is_guilty: !fits,
      p_evidence: { ...evidence },
    }),
  );
}
