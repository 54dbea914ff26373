/**
 * One family on this device: its share, its inbox and its ceremonies.
 *
 * @module
 */
import { computed, type ReadonlySignal, signal } from "@preact/signals";
import { listHostKeys, registerHostKey } from "../ceremonies/calls.ts";
import type { HostKey } from "../ceremonies/host_key.ts";
import { recoverCurrentShare } from "../ceremonies/recovery.ts";
import { RecoveryDataError } from "../ceremonies/recovery_data.ts";
import { Guardian } from "../guardian/guardian.ts";
import { guardianTransport } from "../guardian/guardian_transport.ts";
import type { KeptShare } from "../guardian/key_share.ts";
import type { NonceStore } from "../guardian/stores/nonce_store.ts";
import { failure, type Result } from "../result.ts";
import type { Transcript } from "../sessions/transcript_chain.ts";
import type { Supabase } from "../supabase.ts";
import { pause } from "../transport.ts";
import { checkedByShares, type CheckedTranscript } from "./session_record.ts";
import { CeremonyDesk } from "./ceremony_desk.ts";
import { Desk } from "./desk.ts";
import type { PageDevice } from "./device.ts";

/** Whether the family knows this device. */
export type Registration = "unknown" | "registered" | "another key";

/** The family. */
export class FamilyDesk {
  readonly familyId: string;
  readonly participantId: string;
  readonly device: PageDevice;
  readonly ceremonies: CeremonyDesk;
  readonly #supabase: Supabase;
  readonly #hostKey: HostKey;
  readonly #closing = new AbortController();
  readonly #share = signal<KeptShare | undefined>(undefined);
  readonly #desk = signal<Desk | undefined>(undefined);
  readonly #registration = signal<Registration>("unknown");

  private constructor(
    supabase: Supabase,
    [familyId, participantId]: readonly [string, string],
    device: PageDevice,
    hostKey: HostKey,
    ceremonies: (desk: FamilyDesk) => CeremonyDesk,
  ) {
    this.#supabase = supabase;
    this.#hostKey = hostKey;
    this.familyId = familyId;
    this.participantId = participantId;
    this.device = device;
    this.ceremonies = ceremonies(this);
  }

  /** Opens what the device has; the network is not waited for. */
  static async open(
    supabase: Supabase,
    member: readonly [string, string],
    device: PageDevice,
    hostKey: HostKey,
  ): Promise<FamilyDesk> {
    const store = await device.vault.ceremonies();
    const family = new FamilyDesk(supabase, member, device, hostKey, (desk) =>
      new CeremonyDesk({
        supabase,
        familyId: desk.familyId,
        participantId: desk.participantId,
        device,
        hostKey,
        store,
        share: () => desk.share.value,
        onShare: (kept) => desk.keepShare(kept),
      }));
    const [share] = await device.shares(family.familyId);
    if (share !== undefined) await family.#work(share);
    void family.#register();
    await family.ceremonies.resume();
    return family;
  }

  /** The newest share on this device. */
  get share(): ReadonlySignal<KeptShare | undefined> {
    return this.#share;
  }

  /** The inbox; absent without a share. */
  get desk(): ReadonlySignal<Desk | undefined> {
    return this.#desk;
  }

  /** How many things await this guardian. */
  readonly waiting = computed(() => {
    const desk = this.#desk.value;
    const asked = desk === undefined ? 0 : desk.asked.value.length + desk.recoveries.value.length;
    return asked + this.ceremonies.awaiting.value.length;
  });

  get registration(): ReadonlySignal<Registration> {
    return this.#registration;
  }

  get fingerprint(): string {
    return this.#hostKey.fingerprint;
  }

  get hostKey(): HostKey {
    return this.#hostKey;
  }

  async keepShare(kept: KeptShare): Promise<void> {
    await this.device.keepShare(this.familyId, kept);
    // One that came late is kept, and is not what this device works with.
    if (kept.epoch >= (this.#share.value?.epoch ?? 0)) await this.#work(kept);
  }

  /** Gets the share of the current key back, by the host key. */
  async recover(): Promise<Result<object>> {
    try {
      const recovered = await recoverCurrentShare(this.#supabase, this.familyId, this.#hostKey);
      if (!recovered.success) return recovered;
      const { keyShare, epoch } = recovered;
      if (keyShare.participant_id !== this.participantId) {
        return failure(
          "not_a_participant",
          `The words are of ${keyShare.participant_id}, not yours`,
        );
      }
      const own = this.#share.value?.epoch ?? 0;
      if (epoch < own) {
        const what =
          `The server gives back epoch ${epoch}, and this device has epoch ${own} already`;
        return failure("coordinator_faulty", what);
      }
      await this.keepShare({ keyShare, epoch });
      return recovered;
    } catch (error) {
      if (!(error instanceof RecoveryDataError)) throw error;
      return failure("coordinator_faulty", error.message);
    }
  }

  /** Holds a transcript against what this device knows of its key, and has seen of its session, under any of its keys. */
  async checkTranscript(transcript: Transcript): Promise<CheckedTranscript> {
    const store = await this.#nonces();
    const transport = guardianTransport(this.#supabase);
    return await checkedByShares(
      await this.device.shares(this.familyId),
      transcript,
      ({ keyShare }) => new Guardian({ keyShare, store, transport }).checkTranscript(transcript),
    );
  }

  /** Puts this device's host key in the place of the one that the family knows. */
  async takeOver(): Promise<Result<object>> {
    const { familyId, participantId } = this;
    const done = await registerHostKey(this.#supabase, familyId, participantId, this.#hostKey);
    if (done.success) this.#registration.value = "registered";
    return done;
  }

  close(): void {
    this.#closing.abort();
    this.#desk.value?.close();
    this.ceremonies.close();
  }

  async #work(share: KeptShare): Promise<void> {
    this.#desk.value?.close();
    this.#share.value = share;
    const desk = new Desk(this.#supabase, this.familyId, share);
    desk.open(await this.#nonces());
    this.#desk.value = desk;
  }

  #nonces(): Promise<NonceStore> {
    return this.device.vault.nonces(`${this.familyId} ${this.participantId}`);
  }

  /** A device that is new to the family says so; one that another has replaced does not. */
  async #register(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted && this.#registration.value === "unknown") {
      const listed = await listHostKeys(this.#supabase, this.familyId, { signal });
      const own = listed.success
        ? listed.hostKeys.find(({ participantId, retiredAt }) =>
          participantId === this.participantId && retiredAt === null
        )
        : undefined;
      if (own !== undefined) {
        const isOurs = own.hostPublicKey === this.#hostKey.publicKey;
        this.#registration.value = isOurs ? "registered" : "another key";
      } else if (listed.success) await this.takeOver();
      if (this.#registration.value === "unknown") await pause(RETRY_MS, signal);
    }
  }
}

const RETRY_MS = 5_000;
