/**
 * The ceremonies that this device is in the middle of. They go on by themselves after a tab was closed: the store knows
 * what was sent, and the vault what was compared.
 *
 * @module
 */
import { computed, type ReadonlySignal, signal } from "@preact/signals";
import { Ceremony } from "../ceremonies/ceremony.ts";
import type { HostKey } from "../ceremonies/host_key.ts";
import { type CeremonySummary, type CeremonyView, listCeremonies } from "../ceremonies/reading.ts";
import type { CeremonyStore } from "../ceremonies/store.ts";
import type { Supabase } from "../supabase.ts";
import { pause } from "../transport.ts";
import type { KeptShare } from "../guardian/key_share.ts";
import type { PageDevice } from "./device.ts";

/** How a ceremony goes on this device. */
export interface Running {
  /** As the server showed it last. */
  readonly view?: CeremonyView;
  /** How it ended here. */
  readonly ended?: { readonly ok: boolean; readonly what: string };
}

/** Whose ceremonies. */
export interface CeremonyDeskOptions {
  readonly supabase: Supabase;
  readonly familyId: string;
  readonly participantId: string;
  readonly device: PageDevice;
  readonly hostKey: HostKey;
  readonly store: CeremonyStore;
  /** The share with which it may deal. */
  readonly share: () => KeptShare | undefined;
  /** Is given a new share, and answers once it is kept. */
  readonly onShare: (kept: KeptShare) => Promise<void>;
}

/** The desk. */
export class CeremonyDesk {
  readonly #options: CeremonyDeskOptions;
  readonly #closing = new AbortController();
  readonly #running = signal<ReadonlyMap<string, Running>>(new Map());

  readonly #missed = signal<readonly CeremonySummary[]>([]);

  /** Ceremonies that wait for this guardian, and that this device has not joined. */
  readonly awaiting = computed(() =>
    this.#missed.value.filter(({ ceremonyId }) => !this.#running.value.has(ceremonyId))
  );

  constructor(options: CeremonyDeskOptions) {
    this.#options = options;
  }

  /** By the ceremony's id. */
  get running(): ReadonlySignal<ReadonlyMap<string, Running>> {
    return this.#running;
  }

  /** Goes on with what was begun, and looks out for others. */
  async resume(): Promise<void> {
    const { device, familyId } = this.#options;
    void this.#lookOut();
    for (const [id, paramsId] of await device.joined(familyId)) void this.#run(id, paramsId);
  }

  /** Takes part. @param paramsId - As its person compared it with the others. */
  async join(ceremonyId: string, paramsId: string): Promise<void> {
    const { device, familyId } = this.#options;
    await device.noteJoined(familyId, ceremonyId, paramsId);
    void this.#run(ceremonyId, paramsId);
  }

  close(): void {
    this.#closing.abort();
  }

  async #lookOut(): Promise<void> {
    const { supabase, familyId, participantId } = this.#options;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const listed = await listCeremonies(supabase, familyId, { signal });
      if (listed.success) {
        this.#missed.value = listed.ceremonies
          .filter(({ missing }) => missing.includes(participantId));
      }
      await pause(LIST_MS, signal);
    }
  }

  async #run(id: string, paramsId: string): Promise<void> {
    const running = this.#running.value.get(id);
    if (running !== undefined && running.ended === undefined) return;
    this.#show(id, {});
    const { device, familyId, store, onShare, share } = this.#options;
    const { signal } = this.#closing;
    try {
      const joined = await Ceremony.join(id, { paramsId }, {
        ...this.#options,
        keyShare: share()?.keyShare,
        onProgress: (view) => this.#show(id, { view }),
        signal,
      });
      if (!joined.success) {
        if (joined.code !== "aborted") this.#end(id, false, joined.error);
        // What failed for good is not begun again; a device that has signed the certificate keeps its secret all the same.
        if (OVER.includes(joined.code)) await device.forgetJoined(familyId, id);
        return;
      }
      const { keyShare, epoch } = joined;
      if (keyShare !== undefined && epoch !== undefined) await onShare({ keyShare, epoch });
      await Ceremony.forget(id, store);
      await device.forgetJoined(familyId, id);
      const what = keyShare === undefined
        ? "You have dealt. This device gets no share"
        : `Your share of epoch ${epoch} is on this device`;
      this.#end(id, true, what);
    } catch (error) {
      this.#end(id, false, error instanceof Error ? error.message : String(error));
    }
  }

  #show(id: string, running: Running): void {
    this.#running.value = new Map(this.#running.value).set(id, running);
  }

  #end(id: string, ok: boolean, what: string): void {
    this.#show(id, { ...this.#running.value.get(id), ended: { ok, what } });
  }
}

const LIST_MS = 10_000;

const OVER: readonly string[] = ["ceremony_failed", "session_expired", "key_retired"];
