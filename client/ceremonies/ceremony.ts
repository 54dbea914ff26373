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
import type { Payload } from "../../supabase/functions/_shared/ceremony/payload.ts";
import { keyPackageDigest, sendersOf } from "../../supabase/functions/_shared/ceremony/terms.ts";
import type { RoundMessages } from "../../supabase/functions/_shared/ceremony/verification.ts";
import { type Failure, failure, type Result } from "../result.ts";
import { Pace } from "../sessions/pace.ts";
import { mayPass } from "../sessions/wait.ts";
import { invoke, pause } from "../transport.ts";
import { refusalOf } from "./admission.ts";
import { CeremonyDevice, type CeremonyState } from "./device.ts";
import { endedWithout, finish, refuse, tellNo } from "./ending.ts";
import { type CeremonyPin, warningsOf } from "./pins.ts";
import { type CeremonyView, readCeremony, readMessages } from "./reading.ts";
import {
  checkedPackage,
  FaultyCoordinatorError,
  isFault,
  stateOf,
  verifiedRounds,
} from "./shown.ts";
import type { CeremonyStore, DecidedRecord } from "./store.ts";
import type { CeremonyOptions, JoinedCeremony, Part } from "./taking_part.ts";

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
  readonly #pin: CeremonyPin;
  readonly #part: Part;
  #device?: CeremonyDevice;
  /** Of the terms that were admitted: a device's secrets serve no others. */
  #admitted?: string;

  private constructor(pin: CeremonyPin, part: Part) {
    this.#pin = pin;
    this.#part = part;
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
    return new Ceremony(pin, { ...options, ceremonyId }).#run();
  }

  /** Drops what the device keeps of a ceremony that is finished, once its share is kept elsewhere. */
  static async forget(ceremonyId: string, store: CeremonyStore): Promise<void> {
    if (await store.read(ceremonyId, "finished") === undefined) return;
    for (const stage of ["begun", "certified", "decided"] as const) {
      await store.remove(ceremonyId, stage);
    }
  }

  async #run(): Promise<Result<JoinedCeremony>> {
    const { ceremonyId, supabase, signal, onProgress } = this.#part;
    const pace = new Pace();
    let seen = "";
    for (;;) {
      if (signal?.aborted) return failure("aborted");
      const read = await readCeremony(supabase, ceremonyId, { signal });
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
    const part = this.#part;
    const decided = await part.store.read(part.ceremonyId, "decided");
    if (decided?.decision === "refused") {
      // It may have stopped before it told the others, who would wait until the ceremony expires.
      const isOpen = view.round !== null;
      const isTold = Object.hasOwn(view.declined, part.participantId);
      if (isOpen && !isTold) await tellNo(part, decided.reason);
      return failure("ceremony_failed", `This device has refused this ceremony: ${decided.reason}`);
    }
    if (view.status === "failed" || view.status === "expired") {
      return await endedWithout(part, view);
    }
    if (view.status === "completed") return await finish(part, view, decided);
    try {
      return await this.#answer(view, decided);
    } catch (error) {
      if (error instanceof LostError) return failure("device_failed", error.message);
      if (error instanceof UnreadError) return mayPass(error.failure) ? undefined : error.failure;
      if (!isFault(error)) throw error;
      return await refuse(part, view, error);
    }
  }

  /** Nothing is sent before the ceremony is the one that was compared. */
  async #admit(view: CeremonyView): Promise<Failure | undefined> {
    const { approve } = this.#part;
    const refusal = refusalOf(view, {
      ...this.#part,
      pin: this.#pin,
      known: await this.#knownIds(),
    });
    if (refusal !== undefined) return refusal;
    if (this.#admitted !== undefined) return undefined;
    const warnings = warningsOf(view.terms);
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
    this.#admitted = view.paramsId;
    return undefined;
  }

  /** Of the terms under which this device, or another process of it, has begun or decided. */
  async #knownIds(): Promise<string[]> {
    const { ceremonyId, store } = this.#part;
    const records = [
      await store.read(ceremonyId, "begun"),
      await store.read(ceremonyId, "decided"),
    ];
    return [this.#admitted, ...records.map((record) => record?.params_id)]
      .filter((id) => id !== undefined);
  }

  async #answer(view: CeremonyView, decided?: DecidedRecord): Promise<Failure | undefined> {
    const { ceremonyId, participantId: me, store } = this.#part;
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
    if (hasSent && await store.read(ceremonyId, "begun") === undefined) throw new LostError();
    const device = await this.#begin(view.paramsId, round === 1 && !hasSent);
    const state = stateOf(view, []);
    if (round === 1) return await this.#send(1, device.roundOne(state));
    const payload = device.roundTwo(state);
    if (terms.protocol === "chilldkg") {
      await store.create(ceremonyId, "certified", { params_id: view.paramsId });
    }
    return await this.#send(2, payload);
  }

  /**
   * The device with its secret, which is kept before anything is sent.
   *
   * @param mayDraw - Whether nothing can have been sent yet, so that a new secret is drawn if there is none.
   * @throws {LostError}
   */
  async #begin(paramsId: string, mayDraw: boolean): Promise<CeremonyDevice> {
    const { ceremonyId, store, hostKey, participantId, keyShare } = this.#part;
    if (this.#device !== undefined) return this.#device;
    if (mayDraw) {
      const seed = bytesToHex(crypto.getRandomValues(new Uint8Array(32)));
      await store.create(ceremonyId, "begun", { params_id: paramsId, seed });
    }
    const begun = await store.read(ceremonyId, "begun");
    if (begun?.params_id !== paramsId) throw new LostError();
    this.#device = new CeremonyDevice(hostKey, begun.seed, participantId, keyShare);
    return this.#device;
  }

  async #send(round: number, payload: Payload): Promise<Failure | undefined> {
    const { ceremonyId, supabase, participantId, signal } = this.#part;
    const sent = await invoke(
      supabase,
      "submit-ceremony-message",
      { ceremonyId, round, payload },
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
    const { ceremonyId, participantId, store } = this.#part;
    // Who deals nothing in a reshare has sent nothing yet.
    const isDealing = sendersOf(view.terms, 1).includes(participantId);
    const device = await this.#begin(view.paramsId, !isDealing);
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
    await store.create(ceremonyId, "decided", record);
    return await store.read(ceremonyId, "decided") ?? record;
  }

  /** What this device sent must stand there unchanged: else the server shows each another. */
  #checkOwn(device: CeremonyDevice, state: CeremonyState): void {
    const { terms, rounds } = state;
    if (terms.protocol === "chilldkg") return; // the draft's own checks do that
    const own = rounds[0].get(this.#part.participantId);
    if (own !== undefined && !device.isOwnDealing(state, own.payload)) {
      throw new FaultyCoordinatorError("The server has changed what this device dealt");
    }
  }

  async #messagesOf(
    { terms, paramsId, coordinatorMessages }: CeremonyView,
  ): Promise<RoundMessages[]> {
    const { ceremonyId, supabase, signal } = this.#part;
    if (terms.protocol === "chilldkg") return [];
    const read = await readMessages(supabase, ceremonyId, { signal });
    if (!read.success) throw new UnreadError(read);
    return verifiedRounds({ terms, paramsId, coordinatorMessages }, read.messages);
  }
}

/** The store has not what was sent. */
class LostError extends Error {
  override readonly message =
    "This device has lost what it sent in this ceremony: decline it, and start another one";
}

/** The messages could not be read. */
class UnreadError extends Error {
  readonly failure: Failure;

  constructor(unread: Failure) {
    super(unread.error);
    this.failure = unread;
  }
}
