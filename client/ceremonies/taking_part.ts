/**
 * What taking part in a ceremony takes, and what comes of it.
 *
 * @module
 */
import type { KeyShare } from "../guardian/key_share.ts";
import type { Supabase } from "../supabase.ts";
import type { HostKey } from "./host_key.ts";
import type { CeremonyView } from "./reading.ts";
import type { CeremonyStore } from "./store.ts";

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

/** Who takes part in which ceremony. */
export type Part = CeremonyOptions & { readonly ceremonyId: string };
