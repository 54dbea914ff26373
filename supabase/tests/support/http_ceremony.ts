/** A ceremony over HTTP whose messages the test makes, changes and sends. */
import { bytesToHex } from "@noble/curves/utils.js";
import type { CeremonyRequest } from "../../../client/ceremonies/calls.ts";
import { CeremonyDevice, type CeremonyState } from "../../../client/ceremonies/device.ts";
import { HostKey } from "../../../client/ceremonies/host_key.ts";
import { type CeremonyView, readCeremony } from "../../../client/ceremonies/reading.ts";
import { dealKey, type DealtKey } from "../../../client/guardian/dealer.ts";
import type { KeyShare } from "../../../client/guardian/key_share.ts";
import { contextOfShare, ephemeralKeyOf } from "../../functions/_shared/ceremony/fault.ts";
import {
  messageHash,
  messageOf,
  type Payload,
  unsignedText,
} from "../../functions/_shared/ceremony/payload.ts";
import { type CeremonyTerms, sendersOf } from "../../functions/_shared/ceremony/terms.ts";
import { proveShared } from "../../functions/_shared/dkg/evidence.ts";
import { signToken } from "../../local/token.ts";
import { clientOf, must } from "./app_family.ts";
import { accepted, type Answer, call, type Json, rpc, type TestStack } from "./answers.ts";
import { register } from "./http_family.ts";

/** A family of guardians with host keys, and a dealt key if one was asked for. */
export class CeremonyGuardians {
  readonly id = crypto.randomUUID();
  readonly hostKeys = new Map<string, HostKey>();
  dealt?: DealtKey;

  private constructor(readonly stack: TestStack) {}

  /** Guardians with registered host keys. */
  static async found(stack: TestStack, names: readonly string[]): Promise<CeremonyGuardians> {
    const family = new CeremonyGuardians(stack);
    for (const name of names) {
      const hostKey = HostKey.generate();
      family.hostKeys.set(name, hostKey);
      const proof = hostKey.proof(family.id, name);
      const body = { familyId: family.id, hostPublicKey: hostKey.publicKey, proof };
      accepted(await family.post(name, "register-host-key", body));
    }
    return family;
  }

  /** Deals and registers a key, for a reshare of it. */
  async deal(options: Omit<Parameters<typeof dealKey>[0], "familyId">): Promise<void> {
    this.dealt = dealKey({ familyId: this.id, ...options });
    accepted(await register(this.stack, this.dealt.registration), 201);
  }

  /** @throws for who has none. */
  hostKeyOf(name: string): HostKey {
    const hostKey = this.hostKeys.get(name);
    if (hostKey === undefined) throw new Error(`${name} has no host key`);
    return hostKey;
  }

  keyShareOf(name: string): KeyShare | undefined {
    return this.dealt?.keyShares.find(({ participant_id }) => participant_id === name);
  }

  /** Calls a function as a guardian. */
  async post(who: string, name: string, body: Json): Promise<Answer> {
    const token = await signToken({ participant: who, family: this.id });
    return await call(this.stack, name, { token }, body);
  }

  /** Calls an RPC as a guardian. */
  async rpc(who: string, name: string, args: Json): Promise<Answer> {
    const token = await signToken({ participant: who, family: this.id });
    return await rpc(this.stack, name, { token }, args);
  }

  /** The ids and epochs of its keys that are current. */
  async currentKeys(): Promise<string[]> {
    const rows = await this.stack.database.sql<{ key_package_id: string }[]>`
      select key_package_id from public.frost_key_packages
      where family_id = ${this.id} and retired_at is null`;
    return rows.map(({ key_package_id }) => key_package_id);
  }
}

/** A ceremony in the hands of a test. */
export class HttpCeremony {
  readonly #seeds = new Map<string, string>();

  private constructor(
    readonly family: CeremonyGuardians,
    readonly id: string,
    readonly terms: CeremonyTerms,
    readonly paramsId: string,
  ) {}

  /** Starts one as the first of its participants. */
  static async start(
    family: CeremonyGuardians,
    request: Omit<CeremonyRequest, "familyId">,
  ): Promise<HttpCeremony> {
    const [first] = request.participants;
    const body = { familyId: family.id, ...request };
    const { ceremonyId } = accepted(await family.post(first, "create-key-ceremony", body), 201);
    return await HttpCeremony.of(family, String(ceremonyId));
  }

  /** One that was started. */
  static async of(family: CeremonyGuardians, ceremonyId: string): Promise<HttpCeremony> {
    const [first] = family.hostKeys.keys();
    const supabase = await clientOf(family.stack, first, family.id);
    const { ceremony: { terms, paramsId } } = must(await readCeremony(supabase, ceremonyId));
    return new HttpCeremony(family, ceremonyId, terms, paramsId);
  }

  /** As a member sees it. */
  async view(): Promise<CeremonyView> {
    const [first] = this.terms.participants;
    const supabase = await clientOf(this.family.stack, first, this.family.id);
    return must(await readCeremony(supabase, this.id)).ceremony;
  }

  /** What a guardian's device keeps as the secret of this ceremony. */
  seedOf(name: string): string {
    const seed = this.#seeds.get(name) ?? bytesToHex(crypto.getRandomValues(new Uint8Array(32)));
    this.#seeds.set(name, seed);
    return seed;
  }

  deviceOf(name: string): CeremonyDevice {
    const { family } = this;
    return new CeremonyDevice(
      family.hostKeyOf(name),
      this.seedOf(name),
      name,
      family.keyShareOf(name),
    );
  }

  /** What an honest guardian sends. */
  async honest(round: number, name: string): Promise<Payload> {
    const { coordinatorMessages } = await this.view();
    const { terms, paramsId } = this;
    const state: CeremonyState = { terms, paramsId, coordinatorMessages, rounds: [] };
    const device = this.deviceOf(name);
    if (round === 1) return device.roundOne(state);
    if (round === 2) return device.roundTwo(state);
    const rounds = terms.protocol === "chilldkg" ? [] : await this.#rounds();
    const { keyPackage } = await this.view();
    return device.confirm({ ...state, rounds }, keyPackage?.epoch ?? 0).payload;
  }

  async #rounds() {
    const { data } = await (await clientOf(
      this.family.stack,
      this.terms.participants[0],
      this.family.id,
    )).from("frost_ceremony_messages").select("round, participant_id, payload")
      .eq("ceremony_id", this.id);
    return [1, 2].map((round) =>
      new Map(
        (data ?? []).filter((row) => row.round === round).map((row): [
          string,
          ReturnType<typeof messageOf>,
        ] => [row.participant_id, messageOf(this.terms, round, row.payload)]),
      )
    );
  }

  /** A payload with the signature of its sender, or of whose name is given. */
  signed(round: number, payload: Payload, by: string, paramsId = this.paramsId): Payload {
    const { signature: _, ...rest } = payload;
    const text = unsignedText(this.terms, round, rest);
    const signature = this.family.hostKeyOf(by).signHash(messageHash(paramsId, round, text));
    return { ...rest, signature };
  }

  /** Sends a message. */
  async send(round: number, name: string, payload: Payload): Promise<Answer> {
    const body = { ceremonyId: this.id, round, payload };
    return await this.family.post(name, "submit-ceremony-message", body);
  }

  /** All whose part it is send what is honest, but for those named. */
  async play(round: number, except: readonly string[] = []): Promise<void> {
    for (const name of sendersOf(this.terms, round)) {
      if (except.includes(name)) continue;
      accepted(await this.send(round, name, await this.honest(round, name)));
    }
  }

  /** Evidence about what a sender encrypted for a recipient, and the report of it. */
  async report(
    recipient: string,
    sender: string,
    { dealing, by = recipient, about = sender }: { dealing: Payload; by?: string; about?: string },
  ): Promise<Answer> {
    const message = messageOf(this.terms, 1, dealing);
    const context = contextOfShare(this.terms, this.paramsId, { sender: about, recipient });
    const evidence = this.family.hostKeyOf(recipient).withSecret((secret) =>
      proveShared(secret, ephemeralKeyOf(this.terms, message), context)
    );
    const body = { ceremonyId: this.id, against: sender, evidence };
    return await this.family.post(by, "report-ceremony-fault", body);
  }
}
