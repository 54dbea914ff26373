/**
 * A family with a registered key on a running stack. Its guardians are real: each has its share, its own
 * nonce store and its own token. What they make is handed to the test, which sends it, or something else.
 */
import assert from "node:assert/strict";
import { bytesToHex, hexToBytes } from "@noble/curves/utils.js";
import { dealKey, type DealtKey } from "../../../client/guardian/dealer.ts";
import { Guardian } from "../../../client/guardian/guardian.ts";
import { MemoryNonceStore } from "../../../client/guardian/stores/memory_nonce_store.ts";
import {
  parseSigningPackage,
  parseSigningSession,
} from "../../../client/guardian/signing_session.ts";
import { eventId, type EventTemplate } from "../../functions/_shared/frost/nostr.ts";
import { type Ciphersuite, type Suite, suiteOf } from "../../functions/_shared/frost/suites.ts";
import { signToken } from "../../local/token.ts";
import {
  accepted,
  type Answer,
  call,
  type Credentials,
  type Json,
  rpc,
  type TestStack,
} from "./answers.ts";

/** What kind of family. */
export interface FamilyOptions {
  readonly id?: string;
  readonly ciphersuite?: Ciphersuite;
  readonly threshold?: number;
  /** In identifier order. */
  readonly participants?: readonly string[];
  /** An existing secret to split. */
  readonly secret?: string;
}

/** Does nothing but hand on: the test decides what reaches the coordinator. */
const HELD = {
  submitNonceCommitment: (_session: string, commitment: string) => Promise.resolve(commitment),
  submitSignatureShare: (_session: string, share: string) => Promise.resolve(share),
};

/** A family, and what its members do. */
export class Family {
  readonly id: string;
  readonly participants: readonly string[];
  readonly suite: Suite;
  readonly #guardians: ReadonlyMap<string, Guardian<string, string>>;

  private constructor(readonly stack: TestStack, readonly key: DealtKey) {
    const { familyId, participants, ciphersuite } = key.registration;
    this.id = familyId;
    this.participants = participants;
    this.suite = suiteOf(ciphersuite);
    this.#guardians = new Map(key.keyShares.map((keyShare) => [
      keyShare.participant_id,
      new Guardian({ keyShare, store: new MemoryNonceStore(), transport: HELD }),
    ]));
  }

  /** Deals a key and registers it. */
  static async found(stack: TestStack, options: FamilyOptions = {}): Promise<Family> {
    const { id: familyId = `family-${crypto.randomUUID()}`, threshold = 2 } = options;
    const { participants = ["ann", "bob", "cleo"], ciphersuite, secret } = options;
    const family = new Family(
      stack,
      dealKey({ familyId, threshold, participants, ciphersuite, secret }),
    );
    accepted(await register(stack, { ...family.key.registration }), 201);
    return family;
  }

  /** A token of a member. */
  token(participant: string): Promise<string> {
    return signToken({ participant, family: this.id });
  }

  /** Calls a function as a member. */
  async call(participant: string, name: string, body: unknown): Promise<Answer> {
    return await call(this.stack, name, { token: await this.token(participant) }, body);
  }

  /** Calls an RPC as a member. */
  async rpc(participant: string, name: string, args: Json): Promise<Answer> {
    return await rpc(this.stack, name, { token: await this.token(participant) }, args);
  }

  /** The body of a request for a signature of 32 random bytes, with other fields if given. */
  request(more: Json = {}): Json {
    return {
      familyId: this.id,
      messageHash: randomHex(32),
      participants: this.participants,
      threshold: this.key.registration.threshold,
      ...more,
    };
  }

  /** The body of a request for the signature of a Nostr event. */
  eventRequest(eventTemplate: EventTemplate = note(), more: Json = {}): Json {
    const messageHash = eventId(eventTemplate, this.key.registration.groupPublicKey);
    return this.request({ messageHash, eventTemplate, ...more });
  }

  /** Creates a session, or a recovery request, as the first participant; its id. */
  async create(request: Json = this.request()): Promise<string> {
    const answer = await this.call(this.participants[0], "create-signing-request", request);
    return String(accepted(answer, 201).sessionId);
  }

  /** A session as a participant sees it. */
  async session(id: string, participant = this.participants[0]): Promise<Json> {
    const answer = await this.rpc(participant, "get_signing_session", { p_session_id: id });
    assert.equal(answer.status, 200, answer.text);
    return answer.body;
  }

  /** A guardian's commitment for a session, the same again each time. */
  async commitmentOf(participant: string, sessionId: string): Promise<string> {
    const session = parseSigningSession(await this.session(sessionId, participant));
    return (await this.#guardian(participant).commit(session)).nonceCommitment;
  }

  /** A guardian's signature share for a session, the same again each time. */
  async shareOf(participant: string, sessionId: string): Promise<string> {
    const args = { p_session_id: sessionId };
    const { body } = await this.rpc(participant, "get_signing_package", args);
    return (await this.#guardian(participant).sign(parseSigningPackage(body))).signatureShare;
  }

  /** Makes a commitment, unless one is given, and submits it. */
  async commit(participant: string, sessionId: string, commitment?: string): Promise<Answer> {
    const nonceCommitment = commitment ?? await this.commitmentOf(participant, sessionId);
    return await this.call(participant, "submit-nonce-commitment", { sessionId, nonceCommitment });
  }

  /** Makes a signature share, unless one is given, and submits it. */
  async share(participant: string, sessionId: string, share?: string): Promise<Answer> {
    const signatureShare = share ?? await this.shareOf(participant, sessionId);
    return await this.call(participant, "submit-signature-share", { sessionId, signatureShare });
  }

  /** A session whose round one is over: these sign. */
  async signing(signers = this.#fewest(), request = this.request()): Promise<string> {
    const sessionId = await this.create(request);
    for (const signer of signers) accepted(await this.commit(signer, sessionId));
    return sessionId;
  }

  /** A session that was signed by these. */
  async completed(signers = this.#fewest(), request = this.request()): Promise<string> {
    const sessionId = await this.signing(signers, request);
    for (const signer of signers) accepted(await this.share(signer, sessionId));
    return sessionId;
  }

  /** Puts a session or recovery request past its time, as nobody can but the tables' owner. */
  async expire(id: string): Promise<void> {
    await this.stack.database.sql.begin(async (sql) => {
      for (const table of ["frost_signing_sessions", "sss_signing_requests"]) {
        const key = table.startsWith("frost") ? "session_id" : "request_id";
        await sql.unsafe(`alter table public.${table} disable trigger user`);
        await sql.unsafe(
          `update public.${table} set created_at = 1, expires_at = 2 where ${key} = $1`,
          [id],
        );
        await sql.unsafe(`alter table public.${table} enable trigger user`);
      }
    });
  }

  /** A fresh nonce commitment that no guardian will answer for. */
  freshCommitment(): string {
    const { frost } = this.suite;
    const { commitments } = frost.commit({
      identifier: frost.Identifier.fromNumber(1),
      signingShare: hexToBytes(this.key.keyShares[0].signing_share),
    });
    return bytesToHex(commitments.hiding) + bytesToHex(commitments.binding);
  }

  #fewest(): readonly string[] {
    return this.participants.slice(0, this.key.registration.threshold);
  }

  #guardian(participant: string): Guardian<string, string> {
    const guardian = this.#guardians.get(participant);
    if (guardian === undefined) throw new Error(`${participant} has no share`);
    return guardian;
  }
}

/** Calls `register-key-package` with the secret key. */
export function register(stack: TestStack, body: unknown): Promise<Answer> {
  return call(stack, "register-key-package", { apikey: stack.secretKey }, body);
}

/** Calls an RPC with the secret key. */
export function serviceRpc(stack: TestStack, name: string, args: Json = {}): Promise<Answer> {
  return rpc(stack, name, secret(stack), args);
}

/** The service's credentials. */
export function secret({ secretKey }: TestStack): Credentials {
  return { apikey: secretKey };
}

/** A short text note, another one each time. */
export function note(
  content = `Signed by a threshold of us: ${crypto.randomUUID()}`,
): EventTemplate {
  return { kind: 1, created_at: 1_700_000_000, tags: [["t", "permafrost"]], content };
}

export function randomHex(bytes: number): string {
  return bytesToHex(crypto.getRandomValues(new Uint8Array(bytes)));
}
