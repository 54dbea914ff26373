/**
 * A ceremony whose messages are made one by one and handed to the test, which sends them, or something else. What a
 * guardian's device makes here it makes again when it joins: its secret is in its store.
 */
import assert from "node:assert/strict";
import { bytesToHex } from "@noble/curves/utils.js";
import { type CeremonyRequest, type StartedCeremony } from "../../../client/ceremonies/calls.ts";
import { CeremonyDevice, type CeremonyState } from "../../../client/ceremonies/device.ts";
import {
  type CeremonyView,
  readCeremony,
  readMessages,
} from "../../../client/ceremonies/reading.ts";
import type { KeyShare } from "../../../client/guardian/key_share.ts";
import {
  type Message,
  messageHash,
  messageOf,
  type Payload,
  unsignedText,
} from "../../functions/_shared/ceremony/payload.ts";
import {
  type CeremonyTerms,
  hashOfText,
  sendersOf,
} from "../../functions/_shared/ceremony/terms.ts";
import type { Evidence } from "../../functions/_shared/dkg/evidence.ts";
import type { Ciphersuite } from "../../functions/_shared/frost/suites.ts";
import { signToken } from "../../local/token.ts";
import { accepted, type Answer, call, type TestStack } from "./answers.ts";
import { must } from "./app_family.ts";
import { CeremonyFamily } from "./ceremony_family.ts";

/** What a ceremony is asked for in these tests. */
export type Request = Omit<CeremonyRequest, "familyId">;

/** The guardians of `sceneOf`. */
export const NAMES = ["ann", "bob", "cleo"];

/** The protocols, and a second suite: by name, the first ceremony of a family of three. */
export const SCENES: ReadonlyMap<string, Request> = new Map([
  ["chilldkg", dkg()],
  ["pedersen", dkg("FROST-secp256k1-SHA256-TR-v1")],
  ["pedersen under another suite", dkg("FROST-ED25519-SHA512-v1")],
  ["reshare", { kind: "reshare", threshold: 2, participants: NAMES, dealers: ["ann", "bob"] }],
]);

function dkg(ciphersuite?: Ciphersuite): Request {
  const protocol = ciphersuite === undefined ? undefined : "pedersen";
  return { kind: "dkg", protocol, ciphersuite, threshold: 2, participants: NAMES };
}

/** Starts one of `SCENES` in a new family; before a reshare that has a key already. */
export async function sceneOf(stack: TestStack, scene: string): Promise<HandmadeCeremony> {
  const family = await CeremonyFamily.found(stack, NAMES);
  const request = SCENES.get(scene);
  assert.ok(request, scene);
  if (request.kind === "reshare") {
    const first = await HandmadeCeremony.start(stack, family, dkg("FROST-secp256k1-SHA256-TR-v1"));
    await first.finish();
  }
  return await HandmadeCeremony.start(stack, family, request);
}

/** A ceremony, and the devices of all who take part. */
export class HandmadeCeremony {
  readonly #devices = new Map<string, CeremonyDevice>();
  readonly #shares = new Map<string, KeyShare>();

  private constructor(
    readonly stack: TestStack,
    readonly family: CeremonyFamily,
    readonly request: Request,
    readonly started: StartedCeremony,
  ) {}

  /** Starts a ceremony as its first participant. */
  static async start(
    stack: TestStack,
    family: CeremonyFamily,
    request: Request,
  ): Promise<HandmadeCeremony> {
    const started = await family.start(request.participants[0], request);
    const ceremony = new HandmadeCeremony(stack, family, request, started);
    for (const name of ceremony.members) await ceremony.#equip(name);
    return ceremony;
  }

  get id(): string {
    return this.started.ceremonyId;
  }

  get paramsId(): string {
    return this.started.paramsId;
  }

  /** Who takes part. */
  get members(): string[] {
    return [...new Set([...this.request.participants, ...this.request.dealers ?? []])];
  }

  async #equip(name: string): Promise<void> {
    const { hostKey, store, keyShare } = this.family.guardian(name);
    const seed = bytesToHex(crypto.getRandomValues(new Uint8Array(32)));
    await store.create(this.id, "begun", { params_id: this.paramsId, seed });
    this.#devices.set(name, new CeremonyDevice(hostKey, seed, name, keyShare));
  }

  /** The device of a guardian, or one of its with another secret or another old share. */
  deviceOf(name: string, { seed, keyShare }: { seed?: string; keyShare?: KeyShare } = {}) {
    const kept = this.#devices.get(name);
    assert.ok(kept, name);
    if (seed === undefined && keyShare === undefined) return kept;
    const guardian = this.family.guardian(name);
    const drawn = bytesToHex(crypto.getRandomValues(new Uint8Array(32)));
    return new CeremonyDevice(guardian.hostKey, seed ?? drawn, name, keyShare ?? guardian.keyShare);
  }

  /** The ceremony as its first participant sees it. */
  async view(): Promise<CeremonyView> {
    const { supabase } = this.family.guardian(this.request.participants[0]);
    return must(await readCeremony(supabase, this.id)).ceremony;
  }

  /** What devices know now. */
  async state(): Promise<CeremonyState & { readonly view: CeremonyView }> {
    const view = await this.view();
    const { terms, paramsId, coordinatorMessages } = view;
    const { supabase } = this.family.guardian(this.request.participants[0]);
    const { messages } = must(await readMessages(supabase, this.id));
    const rounds = [1, 2].map((round) =>
      new Map(
        messages.filter((message) => message.round === round)
          .map(({ sender, payload }): [string, Message] => [
            sender,
            messageOf(terms, round, payload),
          ]),
      )
    );
    return { view, terms, paramsId, coordinatorMessages, rounds };
  }

  /** What an honest guardian has to send in a round. */
  async message(name: string, round: number, device = this.deviceOf(name)): Promise<Payload> {
    const state = await this.state();
    if (round === 1) return device.roundOne(state);
    if (round === 2) return device.roundTwo(state);
    const epoch = state.view.keyPackage?.epoch ?? 0;
    const { payload, keyShare, confirmationHash } = device.confirm(state, epoch);
    this.#shares.set(name, keyShare);
    await this.family.guardian(name).store.create(this.id, "decided", {
      decision: "confirmed",
      params_id: this.paramsId,
      confirmation_hash: confirmationHash,
      key_share: keyShare,
      epoch,
      payload,
    });
    return payload;
  }

  /** A payload with a guardian's signature in the place of the one it has, whatever is in it. */
  async signed(
    name: string,
    round: number,
    { signature: _, ...payload }: Payload,
    by = name,
  ): Promise<Payload> {
    const { terms } = await this.view();
    const hash = messageHash(this.paramsId, round, textOf(terms, round, payload));
    return { ...payload, signature: this.family.guardian(by).hostKey.signHash(hash) };
  }

  /** Sends a message; what an honest guardian sends, unless another is given. */
  async submit(name: string, round: number, payload?: Payload): Promise<Answer> {
    const sent = payload ?? await this.message(name, round);
    return await this.call(name, "submit-ceremony-message", { round, payload: sent });
  }

  /** Accuses somebody. */
  report(name: string, against: string, evidence: Evidence): Promise<Answer> {
    return this.call(name, "report-ceremony-fault", { against, evidence });
  }

  /** Calls a function as a guardian. */
  async call(name: string, called: string, body: object): Promise<Answer> {
    const token = await signToken({ participant: name, family: this.family.id });
    return await call(this.stack, called, { token }, { ceremonyId: this.id, ...body });
  }

  /** Has a message recorded as the function does that dies then: with the secret key, and without the coordinator's step. */
  async record(name: string, round: number): Promise<void> {
    const { error } = await this.family.operator.rpc("record_ceremony_message", {
      p_ceremony_id: this.id,
      p_participant_id: name,
      p_round: round,
      p_payload: await this.message(name, round),
    });
    assert.equal(error, null);
  }

  /** Who sends in the open round and has not yet. */
  async missing(): Promise<readonly string[]> {
    return (await this.view()).missing;
  }

  /** All send, but for these, until the ceremony is in a round; 4 is after the last one. */
  async playTo(round: number, ...without: readonly string[]): Promise<void> {
    for (;;) {
      const { terms, round: open, received } = await this.view();
      if (open === null || open >= round) return;
      const senders = sendersOf(terms, open)
        .filter((name) => !without.includes(name) && !received[open]?.includes(name));
      if (senders.length === 0) return;
      for (const name of senders) accepted(await this.submit(name, open));
    }
  }

  /** All are honest to the end, and keep their shares. */
  async finish(): Promise<void> {
    await this.playTo(4);
    assert.equal((await this.view()).status, "completed");
    for (const [name, share] of this.#shares) this.family.guardian(name).keyShare = share;
  }

  /** The events of the ceremony of one kind. */
  async events(event: string): Promise<{ actor: string; detail: Record<string, unknown> }[]> {
    const rows = await this.stack.database.sql<
      { actor: string; detail: Record<string, unknown> }[]
    >`
      select actor, detail from public.frost_events
      where subject_id = ${this.id} and event = ${event} order by seq`;
    return [...rows];
  }

  /** The family's keys: their ids, which of them is current, and under which epochs. */
  async keys(): Promise<unknown[]> {
    const rows = await this.stack.database.sql`
      select key_package_id, epoch, retired_at from public.frost_key_packages
      where family_id = ${this.family.id} order by epoch`;
    return [...rows];
  }
}

/** As the sender's device writes it, if the form is right; a liar signs anything. */
function textOf(terms: CeremonyTerms, round: number, payload: Payload): string {
  try {
    return unsignedText(terms, round, payload);
  } catch {
    return hashOfText(JSON.stringify(payload));
  }
}
