/**
 * A family with a registered key on a running stack, whose members reach it over HTTP with tokens of their own.
 * What its guardians make is handed to the test, which sends it, or something else.
 */
import assert from "node:assert/strict";
import { z } from "zod";
import type { Guardian } from "../../../client/guardian/guardian.ts";
import type { GuardianTransport } from "../../../client/guardian/guardian_transport.ts";
import {
  parseSigningPackage,
  parseSigningSession,
  type SigningPackage,
  type SigningSession,
} from "../../../client/guardian/signing_session.ts";
import type { StackAddress } from "../../local/stack.ts";
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
import type { QuorumAnswers } from "../../../client/guardian/quorum_answers.ts";
import { Family, type FamilyOptions } from "./family.ts";
import { answersOf } from "./simulated_quorums.ts";

/** Does nothing but hand on: the test decides what reaches the coordinator. */
const HELD = {
  submitNonceCommitment: (_session: string, commitment: string) => Promise.resolve(commitment),
  submitSignatureShare: (_session: string, share: string) => Promise.resolve(share),
};

/** A session in round two, and what its signers have to say. */
export interface UnsentShares {
  readonly session: string;
  readonly shares: readonly { readonly guardian: string; readonly signatureShare: string }[];
}

/** A share for a quorum, as `submit-signature-shares` takes it. */
export type ShareItem = {
  readonly sessionId: string;
  readonly quorum: number;
  readonly signatureShare: string;
};

/** What `get_signing_work` tells a test. */
const Work = z.object({
  work: z.array(z.object({
    session_id: z.string(),
    quorums: z.array(z.object({ quorum: z.number() })),
  })),
});

/** A family, and what its members do. */
export class HttpFamily extends Family {
  readonly #guardians = new Map<string, Guardian<string, string>>();
  readonly #answers = new Map<string, QuorumAnswers>();

  private constructor(readonly stack: TestStack, options: FamilyOptions) {
    super(options);
  }

  /** Deals a key and registers it. */
  static async found(stack: TestStack, options: FamilyOptions = {}): Promise<HttpFamily> {
    const family = new HttpFamily(stack, options);
    accepted(await register(stack, { ...family.key.registration }), 201);
    return family;
  }

  /** A family of many, in an identifier order that is not the order of the alphabet. */
  static ofMany(stack: TestStack, threshold: number, count: number): Promise<HttpFamily> {
    const participants = Array.from({ length: count }, (_, i) => `guardian${count - i}`);
    return HttpFamily.found(stack, { threshold, participants });
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

  /** A session as a participant's device takes it. */
  async sessionFor(participant: string, id: string): Promise<SigningSession> {
    return parseSigningSession(await this.session(id, participant));
  }

  /** A signing package as a participant's device takes it. */
  async packageFor(participant: string, id: string, quorum?: number): Promise<SigningPackage> {
    const args = { p_session_id: id, p_quorum: quorum };
    return parseSigningPackage((await this.rpc(participant, "get_signing_package", args)).body);
  }

  /** A guardian's commitment for a session, the same again each time. */
  async commitmentOf(participant: string, sessionId: string): Promise<string> {
    const session = await this.sessionFor(participant, sessionId);
    return (await this.#guardian(participant).commit(session)).nonceCommitment;
  }

  /** A guardian's signature share for a session, the same again each time. */
  async shareOf(participant: string, sessionId: string): Promise<string> {
    const signingPackage = await this.packageFor(participant, sessionId);
    return (await this.#guardian(participant).sign(signingPackage)).signatureShare;
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

  /** Draws a commitment for a pool, or for whichever quorum it comes into. */
  draw(participant: string): Promise<string> {
    return this.#answersOf(participant).draw();
  }

  /** Fills the pools of guardians with so many commitments each; by default of all. */
  async fillPools(count: number, guardians = this.participants): Promise<void> {
    for (const guardian of guardians) {
      const drawing = Array.from({ length: count }, () => this.draw(guardian));
      const nonceCommitments = await Promise.all(drawing);
      const body = { familyId: this.id, nonceCommitments };
      accepted(await this.call(guardian, "publish-nonce-commitments", body));
    }
  }

  /** What a guardian owes of a session, made of commitments it drew here; the same again each time. */
  async shareFor(participant: string, sessionId: string, quorum: number): Promise<ShareItem> {
    const answers = this.#answersOf(participant);
    await answers.approve(await this.sessionFor(participant, sessionId));
    const signingPackage = await this.packageFor(participant, sessionId, quorum);
    return { sessionId, quorum, signatureShare: await answers.shareOf(signingPackage) };
  }

  /** Everything that a guardian owes now, of one session or of all. */
  async owed(participant: string, sessionId?: string): Promise<ShareItem[]> {
    const { body } = await this.rpc(participant, "get_signing_work", { p_session_id: sessionId });
    const items: ShareItem[] = [];
    for (const { session_id, quorums } of Work.parse(body).work) {
      for (const { quorum } of quorums) {
        items.push(await this.shareFor(participant, session_id, quorum));
      }
    }
    return items;
  }

  /** Calls a function that takes many items; what it answers of each. */
  async items(participant: string, name: string, items: readonly unknown[]): Promise<Json[]> {
    const { results } = accepted(await this.call(participant, name, { items }));
    return z.array(z.looseObject({})).parse(results);
  }

  /** A session whose round one is over: these sign. */
  async signing(signers = this.fewest, request: Json = this.request()): Promise<string> {
    const sessionId = await this.create(request);
    for (const signer of signers) accepted(await this.commit(signer, sessionId));
    return sessionId;
  }

  /** A session that was signed by these. */
  async completed(signers = this.fewest, request: Json = this.request()): Promise<string> {
    const sessionId = await this.signing(signers, request);
    for (const signer of signers) accepted(await this.share(signer, sessionId));
    return sessionId;
  }

  /** Round one of a session by all its signers, and their shares, which nobody has sent yet. */
  async unsentShares(messageHash: string, signers: readonly string[]): Promise<UnsentShares> {
    const request = this.request({ messageHash, threshold: signers.length });
    const session = await this.signing(signers, request);
    const shares: { guardian: string; signatureShare: string }[] = [];
    for (const guardian of signers) {
      shares.push({ guardian, signatureShare: await this.shareOf(guardian, session) });
    }
    return { session, shares };
  }

  /** How a guardian's device reaches the functions. */
  transport(participant: string): GuardianTransport<Answer, Answer> {
    return {
      submitNonceCommitment: (sessionId, nonceCommitment) =>
        this.call(participant, "submit-nonce-commitment", { sessionId, nonceCommitment }),
      submitSignatureShare: (sessionId, signatureShare) =>
        this.call(participant, "submit-signature-share", { sessionId, signatureShare }),
    };
  }

  #answersOf(participant: string): QuorumAnswers {
    const answers = this.#answers.get(participant) ??
      answersOf(this.key, this.participants.indexOf(participant));
    this.#answers.set(participant, answers);
    return answers;
  }

  #guardian(participant: string): Guardian<string, string> {
    const guardian = this.#guardians.get(participant) ?? this.deviceOf(participant, HELD);
    this.#guardians.set(participant, guardian);
    return guardian;
  }
}

/** Calls `register-key-package` with the secret key. */
export function register(stack: StackAddress, body: unknown): Promise<Answer> {
  return call(stack, "register-key-package", secret(stack), body);
}

/** Calls an RPC with the secret key. */
export function serviceRpc(stack: StackAddress, name: string, args: Json = {}): Promise<Answer> {
  return rpc(stack, name, secret(stack), args);
}

/** The service's credentials. */
export function secret({ secretKey }: StackAddress): Credentials {
  return { apikey: secretKey };
}
