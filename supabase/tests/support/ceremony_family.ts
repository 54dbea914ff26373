/**
 * A family whose key is made in ceremonies on a running stack: guardians with host keys, stores and clients, each
 * signed in as itself.
 */
import assert from "node:assert/strict";
import type { SupabaseClient } from "@supabase/supabase-js";
import { Ceremony } from "../../../client/ceremonies/ceremony.ts";
import type { CeremonyOptions, JoinedCeremony } from "../../../client/ceremonies/taking_part.ts";
import {
  type CeremonyRequest,
  registerHostKey,
  startCeremony,
  type StartedCeremony,
} from "../../../client/ceremonies/calls.ts";
import { HostKey } from "../../../client/ceremonies/host_key.ts";
import type { CeremonyPin } from "../../../client/ceremonies/pins.ts";
import { type CeremonyStore, MemoryCeremonyStore } from "../../../client/ceremonies/store.ts";
import { Guardian } from "../../../client/guardian/guardian.ts";
import { guardianTransport } from "../../../client/guardian/guardian_transport.ts";
import type { KeyShare } from "../../../client/guardian/key_share.ts";
import { MemoryNonceStore } from "../../../client/guardian/stores/memory_nonce_store.ts";
import type { Result } from "../../../client/result.ts";
import { FrostSessionManager } from "../../../client/sessions/manager.ts";
import { readCurrentKeyPackage } from "../../../client/sessions/key_packages.ts";
import { verifySignature } from "../../functions/_shared/frost/verification.ts";
import type { StackAddress } from "../../local/stack.ts";
import { clientOf, must, operatorOf } from "./app_family.ts";

/** A guardian, and what its device keeps. */
export interface CeremonyGuardian {
  readonly id: string;
  readonly hostKey: HostKey;
  readonly store: CeremonyStore;
  readonly supabase: SupabaseClient;
  keyShare?: KeyShare;
}

/** A family before and after its ceremonies. */
export class CeremonyFamily {
  readonly guardians = new Map<string, CeremonyGuardian>();
  readonly operator: SupabaseClient;

  private constructor(readonly stack: StackAddress, readonly id: string) {
    this.operator = operatorOf(stack);
  }

  /** Guardians with registered host keys, and no key yet. */
  static async found(
    stack: StackAddress,
    names: readonly string[],
    id: string = crypto.randomUUID(),
  ): Promise<CeremonyFamily> {
    const family = new CeremonyFamily(stack, id);
    for (const name of names) await family.admit(name);
    return family;
  }

  /** A further guardian, or a new device of one. */
  async admit(name: string, hostKey = HostKey.generate()): Promise<CeremonyGuardian> {
    const supabase = await clientOf(this.stack, name, this.id);
    const guardian = { id: name, hostKey, store: new MemoryCeremonyStore(), supabase };
    must(await registerHostKey(supabase, this.id, name, hostKey));
    this.guardians.set(name, guardian);
    return guardian;
  }

  /** @throws for a name that is not in the family. */
  guardian(name: string): CeremonyGuardian {
    const guardian = this.guardians.get(name);
    assert.ok(guardian, name);
    return guardian;
  }

  /** Starts a ceremony as a guardian. */
  async start(
    by: string,
    request: Omit<CeremonyRequest, "familyId">,
  ): Promise<StartedCeremony> {
    return must(
      await startCeremony(this.guardian(by).supabase, { familyId: this.id, ...request }),
    );
  }

  /** Joins as a guardian, pinning `paramsId` unless told otherwise; keeps the share that comes of it. */
  async join(
    name: string,
    { ceremonyId, paramsId }: Pick<StartedCeremony, "ceremonyId" | "paramsId">,
    options: Partial<CeremonyOptions> & { readonly pin?: CeremonyPin } = {},
  ): Promise<Result<JoinedCeremony>> {
    const guardian = this.guardian(name);
    const { pin = { paramsId }, ...rest } = options;
    const { supabase, hostKey, store, keyShare } = guardian;
    const joined = await Ceremony.join(ceremonyId, pin, {
      supabase,
      hostKey,
      store,
      keyShare,
      participantId: name,
      ...rest,
    });
    if (joined.success && joined.keyShare !== undefined) guardian.keyShare = joined.keyShare;
    return joined;
  }

  /** Holds a whole ceremony: everybody whose part it is joins. */
  async hold(by: string, request: Omit<CeremonyRequest, "familyId">): Promise<StartedCeremony> {
    const started = await this.start(by, request);
    const all = new Set([...request.participants, ...request.dealers ?? []]);
    const joined = await Promise.all([...all].map((name) => this.join(name, started)));
    for (const result of joined) must(result);
    return started;
  }

  /** Approves a session as a guardian, with its share. */
  async approve(name: string, sessionId: string): Promise<void> {
    const { keyShare, supabase } = this.guardian(name);
    assert.ok(keyShare, name);
    const store = new MemoryNonceStore();
    const guardian = new Guardian({ keyShare, store, transport: guardianTransport(supabase) });
    // In a robust session it waits for the others, who may have failed.
    const signal = AbortSignal.timeout(60_000);
    must(await guardian.approve(sessionId, { timeoutMs: 20_000, signal }));
  }

  /** Signs with these guardians' shares; answers whether the signature verifies under the family's key. */
  async sign(names: readonly string[], message: string): Promise<{ groupPublicKey: string }> {
    const [first] = names;
    const { supabase } = this.guardian(first);
    const { keyPackage } = must(await readCurrentKeyPackage(supabase, this.id));
    const sessions = new FrostSessionManager(supabase);
    const { sessionId } = must(
      await sessions.createSession({
        familyId: this.id,
        messageHash: message,
        participants: [...names],
        threshold: names.length,
      }),
    );
    await Promise.all(names.map((name) => this.approve(name, sessionId)));
    const { session } = must(await sessions.getSession(sessionId));
    const { final_signature } = session;
    assert.ok(final_signature);
    const { ciphersuite, group_public_key } = keyPackage;
    assert.ok(verifySignature(ciphersuite, group_public_key, message, final_signature));
    return { groupPublicKey: group_public_key };
  }
}
