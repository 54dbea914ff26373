/**
 * Taking part in a ceremony. What a crash leaves behind, by when it came; `join` again goes on from there:
 *
 * | the device stopped | it has | and then |
 * |---|---|---|
 * | before it kept its secret | nothing | it draws one; nothing was sent |
 * | before or after sending round one | `begun` | it makes the same message from the same secret: an exact retry |
 * | before or after sending round two | `begun`, of chilldkg `certified` | the same |
 * | having confirmed, before or after it was sent | `decided` with share and message | it sends that message again |
 * | having refused, before or after it was told | `decided` | it never signs this ceremony, and declines it if it is open |
 * | when all had confirmed | `decided`, `finished` | the share is there, and is answered again |
 *
 * The server may call a ceremony failed or expired that others have completed. So a device that has signed the
 * certificate of a chilldkg keeps its secret, and one that has confirmed keeps its share, whatever the server says.
 *
 * A share is not used before *this* device has verified that all have confirmed the same.
 *
 * @module
 */
import { bytesToHex } from "@noble/curves/utils.js";
import { ChillDkgError } from "../../supabase/functions/_shared/chilldkg/errors.ts";
import { keyOf } from "../../supabase/functions/_shared/ceremony/outcome.ts";
import type { Payload } from "../../supabase/functions/_shared/ceremony/payload.ts";
import {
  type EpochPackage,
  isSignedByHostKey,
  keyPackageDigest,
  paramsIdOf,
  sendersOf,
} from "../../supabase/functions/_shared/ceremony/terms.ts";
import {
  type RoundMessages,
  SignedFault,
  verifyMessage,
} from "../../supabase/functions/_shared/ceremony/verification.ts";
import { FrostError } from "../../supabase/functions/_shared/frost/error.ts";
import { keyPackageFingerprint } from "../../supabase/functions/_shared/frost/key_package.ts";
import type { KeyShare } from "../guardian/key_share.ts";
import { type Failure, failure, type Result, success } from "../result.ts";
import { Pace } from "../sessions/pace.ts";
import { mayPass } from "../sessions/wait.ts";
import type { Supabase } from "../supabase.ts";
import { invoke, pause, rpc } from "../transport.ts";
import { accuse, culpritOf } from "./accusation.ts";
import { BadShareError, CeremonyDevice, type CeremonyState, hashToConfirm } from "./device.ts";
import type { HostKey } from "./host_key.ts";
import { type CeremonyPin, differenceFrom, warningsOf } from "./pins.ts";
import { type CeremonyView, type KeptMessage, readCeremony, readMessages } from "./reading.ts";
import type { CeremonyStore, DecidedRecord } from "./store.ts";

/** How a guardian takes part. */
export interface CeremonyOptions {
  readonly supabase: Supabase;
  readonly hostKey: HostKey;
  readonly participantId: string;
  /** The family that this device is of here: of another one's ceremony nothing is sent, and no share is kept. */
  readonly familyId?: string;
  readonly store: CeremonyStore;
  /** Of a dealer in a reshare: its share of the old key. */
  readonly keyShare?: KeyShare;
  /**
   * Asked once, before anything is sent, with what has to be said loudly: a lower threshold, who leaves and who joins.
   * Without it a ceremony with such warnings is not joined unless its `paramsId` was pinned.
   */
  readonly approve?: (
    view: CeremonyView,
    warnings: readonly string[],
  ) => boolean | Promise<boolean>;
  /** Told of every state that is read: who is missing, and in which round. */
  readonly onProgress?: (view: CeremonyView) => void;
  readonly signal?: AbortSignal;
}

/** How a ceremony ended for this guardian. */
export interface JoinedCeremony {
  readonly view: CeremonyView;
  /** Secret: to be kept. A dealer who gets no share has none. */
  readonly keyShare?: KeyShare;
  readonly epoch?: number;
}

/**
 * Ceremonies of a guardian.
 *
 * @example
 * ```ts
 * import { Ceremony, HostKey, MemoryCeremonyStore } from "@permafrost/client/ceremonies";
 * import { createClient } from "@supabase/supabase-js";
 *
 * declare const words: string;
 * declare const compared: { paramsId: string };
 * const joined = await Ceremony.join("the-ceremony", compared, {
 *   supabase: createClient("http://127.0.0.1:54321", "sb_publishable_…"),
 *   hostKey: HostKey.fromWords(words),
 *   participantId: "ann",
 *   store: new MemoryCeremonyStore(),
 *   onProgress: ({ round, missing }) => console.log(`Round ${round}: waiting for`, missing),
 * });
 * if (joined.success) console.log("A share of epoch", joined.epoch);
 * else console.log(joined.error);
 * ```
 */
export class Ceremony {
  readonly #id: string;
  readonly #pin: CeremonyPin;
  readonly #options: CeremonyOptions;
  #device?: CeremonyDevice;
  /** Of the terms that were admitted: a device's secrets serve no others. */
  #admitted?: string;

  private constructor(id: string, pin: CeremonyPin, options: CeremonyOptions) {
    this.#id = id;
    this.#pin = pin;
    this.#options = options;
  }

  /**
   * Takes part until the ceremony is over, and resumes where a crash has left it.
   *
   * Errors: `ceremony_mismatch` before anything is sent; `not_approved`; `not_a_participant`; `coordinator_faulty`;
   * `ceremony_message_invalid` where somebody deviated, by name; `ceremony_failed`, `key_retired`, `session_expired`;
   * `device_failed` where the store has lost what was sent; `aborted`, and those of the transport that do not pass.
   */
  static join(
    ceremonyId: string,
    pin: CeremonyPin,
    options: CeremonyOptions,
  ): Promise<Result<JoinedCeremony>> {
    return new Ceremony(ceremonyId, pin, options).#run();
  }

  /** Drops what the device keeps of a ceremony that is finished, once its share is kept elsewhere. */
  static async forget(ceremonyId: string, store: CeremonyStore): Promise<void> {
    if (await store.read(ceremonyId, "finished") === undefined) return;
    for (const stage of ["begun", "certified", "decided"] as const) {
      await store.remove(ceremonyId, stage);
    }
  }

  async #run(): Promise<Result<JoinedCeremony>> {
    const { supabase, signal, onProgress } = this.#options;
    const pace = new Pace();
    let seen = "";
    for (;;) {
      if (signal?.aborted) return failure("aborted");
      const read = await readCeremony(supabase, this.#id, { signal });
      if (!read.success && !mayPass(read)) return read;
      if (read.success) {
        const view = read.ceremony;
        const now = JSON.stringify([view.status, view.missing, view.approvalsMissing]);
        if (now !== seen) {
          pace.restart();
          onProgress?.(view);
        }
        seen = now;
        const over = await this.#step(view);
        if (over !== undefined) return over;
      }
      await pause(pace.next(), signal);
    }
  }

  /** Does what is to be done now; the end, if this was it. */
  async #step(view: CeremonyView): Promise<Result<JoinedCeremony> | undefined> {
    const refusal = await this.#admit(view);
    if (refusal !== undefined) return refusal;
    const decided = await this.#options.store.read(this.#id, "decided");
    if (decided?.decision === "refused") {
      // It may have stopped before it told the others, who would wait until the ceremony expires.
      const isOpen = view.round !== null;
      const isTold = Object.hasOwn(view.declined, this.#options.participantId);
      if (isOpen && !isTold) await this.#decline(decided.reason);
      return failure("ceremony_failed", `This device has refused this ceremony: ${decided.reason}`);
    }
    if (view.status === "failed" || view.status === "expired") return await this.#ended(view);
    if (view.status === "completed") return await this.#finish(view, decided);
    try {
      return await this.#answer(view, decided);
    } catch (error) {
      return await this.#refuse(view, error);
    }
  }

  /** Nothing is sent before the ceremony is the one that was compared. */
  async #admit(view: CeremonyView): Promise<Failure | undefined> {
    const { participantId, familyId, hostKey, approve, keyShare } = this.#options;
    const { terms, paramsId } = view;
    const members = [...terms.participants, ...terms.dealers ?? []];
    if (terms.ceremonyId !== this.#id || paramsIdOf(terms) !== paramsId) {
      return failure("coordinator_faulty", "The ceremony's params_id is not that of its terms");
    }
    const difference = differenceFrom(this.#pin, terms, paramsId);
    if (difference !== undefined) return failure("ceremony_mismatch", difference);
    // Host keys alone leave their order, the dealers and the threshold open: under other ones the same secrets would
    // make another message, and of two proofs with one nonce everybody has the share.
    if (await this.#isOfOtherTerms(paramsId)) {
      return failure(
        "ceremony_mismatch",
        "The server shows other terms than those under which this device has begun",
      );
    }
    if (familyId !== undefined && terms.familyId !== familyId) {
      return failure("ceremony_mismatch", "The ceremony is of another family");
    }
    if (!members.includes(participantId)) {
      return failure("not_a_participant", `${participantId} takes no part in this ceremony`);
    }
    const keys = [
      terms.hostPublicKeys[terms.participants.indexOf(participantId)],
      terms.dealerHostPublicKeys?.[terms.dealers?.indexOf(participantId) ?? -1],
    ];
    if (keys.some((key) => key !== undefined && key !== hostKey.publicKey)) {
      return failure("ceremony_mismatch", "The ceremony has another host key for this guardian");
    }
    if (terms.dealers?.includes(participantId)) {
      const old = terms.fromPackage;
      if (keyShare === undefined || keyShare.group_public_key !== old?.group_public_key) {
        return failure(
          "key_package_mismatch",
          "A dealer needs its share of the key that is dealt anew",
        );
      }
      // Whole: an old threshold or names of the server's own would hide who leaves, and a lower threshold.
      if (keyShare.key_package_fingerprint !== keyPackageFingerprint(old)) {
        return failure(
          "key_package_mismatch",
          "This device's share is of another epoch than the dealt one",
        );
      }
    }
    if (this.#admitted !== undefined) return undefined;
    const warnings = warningsOf(terms);
    const isPinnedWhole = "paramsId" in this.#pin;
    const agrees = approve === undefined
      ? isPinnedWhole || warnings.length === 0
      : await approve(view, warnings);
    if (!agrees) {
      return failure(
        "not_approved",
        `The ceremony was not approved. ${warnings.join(". ")}`.trim(),
      );
    }
    this.#admitted = paramsId;
    return undefined;
  }

  /** Whether this device, or another process of it, has begun or decided under another `params_id`. */
  async #isOfOtherTerms(paramsId: string): Promise<boolean> {
    const { store } = this.#options;
    const records = [
      await store.read(this.#id, "begun"),
      await store.read(this.#id, "decided"),
    ];
    const known = [this.#admitted, ...records.map((record) => record?.params_id)];
    return known.some((id) => id !== undefined && id !== paramsId);
  }

  async #answer(view: CeremonyView, decided?: DecidedRecord): Promise<Failure | undefined> {
    const { participantId: me } = this.#options;
    const { terms, round, received, missing } = view;
    if (round === null || !sendersOf(terms, round).includes(me)) return undefined;
    const hasSent = received[round]?.includes(me) ?? false;
    // With all messages there and the round still open, the function that had the last one died: sending again
    // brings the ceremony on.
    if (hasSent && (missing.length > 0 || round === 3)) return undefined;
    if (round === 3) {
      const confirmed = decided ?? await this.#decide(view);
      if (confirmed.decision !== "confirmed") return undefined;
      return await this.#send(3, confirmed.payload);
    }
    if (hasSent && await this.#options.store.read(this.#id, "begun") === undefined) {
      return this.#lost();
    }
    const device = await this.#begin(view.paramsId, round === 1 && !hasSent);
    if (device === undefined) return this.#lost();
    const state = stateOf(view, []);
    if (round === 1) return await this.#send(1, device.roundOne(state));
    const payload = device.roundTwo(state);
    if (terms.protocol === "chilldkg") {
      await this.#options.store.create(this.#id, "certified", { params_id: view.paramsId });
    }
    return await this.#send(2, payload);
  }

  #lost(): Failure {
    return failure(
      "device_failed",
      "This device has lost what it sent in this ceremony: decline it, and start another one",
    );
  }

  /**
   * The device with its secret, which is kept before anything is sent.
   *
   * @param mayDraw - Whether nothing can have been sent yet, so that a new secret is drawn if there is none.
   */
  async #begin(paramsId: string, mayDraw: boolean): Promise<CeremonyDevice | undefined> {
    const { store, hostKey, participantId, keyShare } = this.#options;
    if (this.#device !== undefined) return this.#device;
    if (mayDraw) {
      const seed = bytesToHex(crypto.getRandomValues(new Uint8Array(32)));
      await store.create(this.#id, "begun", { params_id: paramsId, seed });
    }
    const begun = await store.read(this.#id, "begun");
    if (begun === undefined || begun.params_id !== paramsId) return undefined;
    this.#device = new CeremonyDevice(hostKey, begun.seed, participantId, keyShare);
    return this.#device;
  }

  async #send(round: number, payload: Payload): Promise<Failure | undefined> {
    const { supabase, participantId, signal } = this.#options;
    const sent = await invoke(
      supabase,
      "submit-ceremony-message",
      { ceremonyId: this.#id, round, payload },
      { safe: true, participantId, signal },
    );
    // Others were faster, or the round went on: the next reading tells.
    if (sent.success || mayPass(sent) || sent.code === "round_closed") return undefined;
    // What ended meanwhile says so when it is read.
    return ["session_finished", "session_expired", "key_retired"].includes(sent.code)
      ? undefined
      : sent;
  }

  /** Verifies everything, and keeps the share before it is confirmed. */
  async #decide(view: CeremonyView): Promise<DecidedRecord> {
    const { store } = this.#options;
    // Who deals nothing in a reshare has sent nothing yet.
    const isDealing = sendersOf(view.terms, 1).includes(this.#options.participantId);
    const device = await this.#begin(view.paramsId, !isDealing);
    if (device === undefined) throw new LostError();
    const messages = await this.#messagesOf(view);
    const state = stateOf(view, messages);
    this.#checkOwn(device, state);
    const { epoch } = checkedPackage(view);
    const { confirmationHash, keyShare, payload } = device.confirm(state, epoch);
    // People look at what the server shows, and an operator registers it.
    if (keyPackageDigest({ ...keyShare, epoch }) !== keyPackageDigest(checkedPackage(view))) {
      throw new FaultyCoordinatorError(
        "The server shows another key package than the messages make",
      );
    }
    const record: DecidedRecord = {
      decision: "confirmed",
      params_id: view.paramsId,
      confirmation_hash: confirmationHash,
      key_share: keyShare,
      epoch,
      payload,
    };
    await store.create(this.#id, "decided", record);
    return await store.read(this.#id, "decided") ?? record;
  }

  /** What this device sent must stand there unchanged: else the server shows each another. */
  #checkOwn(device: CeremonyDevice, state: CeremonyState): void {
    const { terms, rounds } = state;
    if (terms.protocol === "chilldkg") return; // the draft's own checks do that
    const own = rounds[0].get(this.#options.participantId);
    if (own !== undefined && !device.isOwnDealing(state, own.payload)) {
      throw new FaultyCoordinatorError("The server has changed what this device dealt");
    }
  }

  async #messagesOf(
    { terms, paramsId, coordinatorMessages }: CeremonyView,
  ): Promise<RoundMessages[]> {
    const { supabase, signal } = this.#options;
    if (terms.protocol === "chilldkg") return [];
    const read = await readMessages(supabase, this.#id, { signal });
    if (!read.success) throw new UnreadError(read);
    return verifiedRounds({ terms, paramsId, coordinatorMessages }, read.messages);
  }

  /** The share becomes usable once this device has seen that all have confirmed the same. */
  async #finish(
    view: CeremonyView,
    decided?: DecidedRecord,
  ): Promise<Result<JoinedCeremony> | undefined> {
    const { supabase, store, participantId, signal } = this.#options;
    const { terms, paramsId } = view;
    const isLeaving = !terms.participants.includes(participantId);
    if (!isLeaving && decided?.decision !== "confirmed") {
      return failure(
        "coordinator_faulty",
        "The server calls the ceremony completed, and this device has not confirmed it",
      );
    }
    const read = await readMessages(supabase, this.#id, { signal });
    if (!read.success) return mayPass(read) ? undefined : read;
    const confirmed = decided?.decision === "confirmed" ? decided : undefined;
    let hash = confirmed?.confirmation_hash;
    try {
      hash ??= hashOfReshare(view, read.messages);
    } catch (error) {
      if (!isFault(error)) throw error;
      // Where it was dealt anew once more since, the ciphertexts are gone.
      return failure("coordinator_faulty", `The new key cannot be verified: ${error.message}`);
    }
    const without = terms.participants.find((who, i) => {
      const confirmation = read.messages.find(({ round, sender }) => round === 3 && sender === who)
        ?.payload.confirmation;
      return typeof confirmation !== "string" ||
        !isSignedByHostKey(hash, confirmation, terms.hostPublicKeys[i]);
    });
    if (without !== undefined) {
      return failure(
        "coordinator_faulty",
        `${without} has not confirmed what this device has seen`,
      );
    }
    if (confirmed === undefined) {
      await store.create(this.#id, "finished", { params_id: paramsId, outcome: "dealt" });
      await store.remove(this.#id, "begun");
      return success({ view });
    }
    await store.create(this.#id, "finished", { params_id: paramsId, outcome: "active" });
    for (const stage of ["begun", "certified"] as const) await store.remove(this.#id, stage);
    return success({ view, keyShare: confirmed.key_share, epoch: confirmed.epoch });
  }

  async #ended(view: CeremonyView): Promise<Failure> {
    const { store, participantId } = this.#options;
    const { status, errorMessage, blamed, paramsId, terms } = view;
    const signed = await store.read(this.#id, "certified") ?? await store.read(this.#id, "decided");
    // Others may have completed it: what is signed is kept. They need no signature of a dealer who gets no share.
    if (signed === undefined && terms.participants.includes(participantId)) {
      const reason = status === "expired" ? "It has expired" : `It has failed: ${errorMessage}`;
      await store.create(this.#id, "decided", { decision: "refused", params_id: paramsId, reason });
      await store.remove(this.#id, "begun");
    }
    if (status === "expired") return failure("session_expired", "The ceremony has expired");
    if (errorMessage === "key_retired") {
      return failure("key_retired", "The family's key was replaced meanwhile");
    }
    const names = blamed.length > 0 ? ` Blamed: ${blamed.join(", ")}.` : "";
    return failure("ceremony_failed", `The ceremony has failed: ${errorMessage}.${names}`);
  }

  /** Never to sign this ceremony is kept first; then the others are told, with evidence where there is some. */
  async #refuse(view: CeremonyView, error: unknown): Promise<Failure | undefined> {
    const { store, supabase, participantId, hostKey, signal } = this.#options;
    if (error instanceof LostError) return this.#lost();
    if (error instanceof UnreadError) return mayPass(error.failure) ? undefined : error.failure;
    if (!isFault(error)) throw error;
    const { message: reason } = error;
    const record = { decision: "refused", params_id: view.paramsId, reason } as const;
    if (!await store.create(this.#id, "decided", record)) {
      const decided = await store.read(this.#id, "decided");
      if (decided?.decision === "confirmed") return undefined; // another process was faster
    }
    const read = await readMessages(supabase, this.#id, { signal });
    const culprit = read.success
      ? culpritOf(view, read.messages, participantId, hostKey, error)
      : undefined;
    const told = culprit === undefined
      ? undefined
      : await accuse(supabase, view, participantId, hostKey, culprit, { signal });
    await store.remove(this.#id, "begun");
    if (told?.success) return failure("ceremony_message_invalid", `${culprit?.sender}: ${reason}`);
    await this.#decline(reason);
    const isCoordinator = error instanceof FaultyCoordinatorError ||
      error instanceof ChillDkgError && culprit === undefined;
    return isCoordinator
      ? failure("coordinator_faulty", reason)
      : failure("ceremony_message_invalid", reason);
  }

  async #decline(reason: string): Promise<void> {
    const { supabase, signal } = this.#options;
    await rpc(
      supabase,
      "decline_signing_request",
      { p_session_id: this.#id, p_reason: reason.slice(0, 1000) },
      () => ({}),
      { safe: true, signal },
    );
  }
}

/** The server showed something that no honest one shows. */
class FaultyCoordinatorError extends Error {}

/** Whether it comes of what others sent or showed. */
function isFault(error: unknown): error is Error {
  return error instanceof BadShareError || error instanceof ChillDkgError ||
    error instanceof FrostError || error instanceof SignedFault ||
    error instanceof FaultyCoordinatorError;
}

/** The store has not what was sent. */
class LostError extends Error {}

/** The messages could not be read. */
class UnreadError extends Error {
  readonly failure: Failure;

  constructor(unread: Failure) {
    super(unread.error);
    this.failure = unread;
  }
}

/**
 * The package that the server shows, which is not believed but for its epoch.
 *
 * @throws {FaultyCoordinatorError} if there is none, or a reshare's does not follow the old one.
 */
function checkedPackage({ keyPackage, terms: { fromPackage } }: CeremonyView): EpochPackage {
  if (keyPackage === null) {
    throw new FaultyCoordinatorError("The server shows no key package to confirm");
  }
  if (fromPackage !== null && keyPackage.epoch !== fromPackage.epoch + 1) {
    throw new FaultyCoordinatorError(
      `The key package has epoch ${keyPackage.epoch}, not the one after ${fromPackage.epoch}`,
    );
  }
  return keyPackage;
}

/** What the new guardians of a reshare have to confirm, for a dealer who gets no share. Errors are faults. */
function hashOfReshare(view: CeremonyView, messages: readonly KeptMessage[]): string {
  const state = stateOf(view, verifiedRounds(view, messages));
  const { epoch } = checkedPackage(view);
  return hashToConfirm(state, keyOf(view.terms, state.rounds[0]), epoch);
}

/** The messages of rounds one and two. Errors as of `verifyMessage`. */
function verifiedRounds(
  { terms, ...view }: Pick<CeremonyView, "terms" | "paramsId" | "coordinatorMessages">,
  messages: readonly KeptMessage[],
): RoundMessages[] {
  return [1, 2].map((round) =>
    new Map(
      messages.filter((message) => message.round === round).map(({ sender, payload }) =>
        [sender, verifyMessage(terms, view, round, sender, payload)] as const
      ),
    )
  );
}

function stateOf(view: CeremonyView, rounds: readonly RoundMessages[]): CeremonyState {
  const { terms, paramsId, coordinatorMessages } = view;
  return { terms, paramsId, coordinatorMessages, rounds };
}
