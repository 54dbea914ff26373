/** Guardians with real shares of a real key, who reach a stack over HTTP with tokens of their own. */
import assert from "node:assert/strict";
import type postgres from "postgres";
import { dealKey, type DealtKey } from "../../../client/guardian/dealer.ts";
import { Guardian } from "../../../client/guardian/guardian.ts";
import type { GuardianTransport } from "../../../client/guardian/guardian_transport.ts";
import { MemoryNonceStore } from "../../../client/guardian/stores/memory_nonce_store.ts";
import type { NonceStore } from "../../../client/guardian/stores/nonce_store.ts";
import {
  parseSigningPackage,
  parseSigningSession,
  type SigningPackage,
  type SigningSession,
} from "../../../client/guardian/signing_session.ts";
import { verifySignature } from "../../functions/_shared/frost/verification.ts";
import type { StackAddress } from "../../local/stack.ts";
import { signToken } from "../../local/token.ts";

/** An answer over HTTP. */
export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A family on a running stack. */
export class RealFamily {
  readonly key: DealtKey;
  readonly guardians: readonly string[];
  readonly #tokens = new Map<string, string>();

  constructor(readonly stack: StackAddress, threshold: number, count: number) {
    this.guardians = Array.from({ length: count }, (_, i) => `guardian${count - i}`);
    const familyId = `family-${crypto.randomUUID()}`;
    this.key = dealKey({ familyId, threshold, participants: this.guardians });
  }

  get id(): string {
    return this.key.registration.familyId;
  }

  /** Deals a key and registers it. */
  static async found(stack: StackAddress, threshold: number, count: number): Promise<RealFamily> {
    const family = new RealFamily(stack, threshold, count);
    for (const guardian of family.guardians) {
      family.#tokens.set(guardian, await signToken({ participant: guardian, family: family.id }));
    }
    const { status, body } = await family.#post("functions", "register-key-package", {
      apikey: stack.secretKey,
    }, family.key.registration);
    assert.equal(status, 201, JSON.stringify(body));
    return family;
  }

  /** Calls an edge function. */
  call(guardian: string, name: string, body: object): Promise<Answer> {
    return this.#post("functions", name, this.#headers(guardian), body);
  }

  /** Calls an RPC. */
  rpc(guardian: string, name: string, args: object): Promise<Answer> {
    return this.#post("rest", `rpc/${name}`, this.#headers(guardian), args);
  }

  /** Asks for a session for `message`, 32 bytes in hex. */
  createSession(
    message: string,
    { threshold = this.key.registration.threshold } = {},
  ): Promise<Answer> {
    return this.call(this.guardians[0], "create-signing-request", {
      familyId: this.id,
      messageHash: message,
      participants: this.guardians,
      threshold,
    });
  }

  /** Creates a session for `message`, 32 bytes in hex. */
  async session(message: string, options: { threshold?: number } = {}): Promise<string> {
    const { status, body } = await this.createSession(message, options);
    assert.equal(status, 201, JSON.stringify(body));
    return String(body.sessionId);
  }

  async sessionFor(guardian: string, session: string): Promise<SigningSession> {
    const { body } = await this.rpc(guardian, "get_signing_session", { p_session_id: session });
    return parseSigningSession(body);
  }

  async packageFor(guardian: string, session: string): Promise<SigningPackage> {
    const { body } = await this.rpc(guardian, "get_signing_package", { p_session_id: session });
    return parseSigningPackage(body);
  }

  /** A guardian's device; by default it forgets its nonces with the test. */
  device(
    guardian: string,
    store: NonceStore = new MemoryNonceStore(),
    transport: GuardianTransport<Answer, Answer> = this.transport(guardian),
  ): Guardian<Answer, Answer> {
    const keyShare = this.key.keyShares[this.guardians.indexOf(guardian)];
    return new Guardian({ keyShare, store, transport });
  }

  transport(guardian: string): GuardianTransport<Answer, Answer> {
    return {
      submitNonceCommitment: (sessionId, nonceCommitment) =>
        this.call(guardian, "submit-nonce-commitment", { sessionId, nonceCommitment }),
      submitSignatureShare: (sessionId, signatureShare) =>
        this.call(guardian, "submit-signature-share", { sessionId, signatureShare }),
    };
  }

  verifies(message: string, signature: unknown): boolean {
    const { ciphersuite, groupPublicKey } = this.key.registration;
    return typeof signature === "string" &&
      verifySignature(ciphersuite, groupPublicKey, message, signature);
  }

  /** Round one of a session by all its signers, and their shares, which nobody has sent yet. */
  async unsentShares(message: string, signers: readonly string[]): Promise<UnsentShares> {
    const session = await this.session(message, { threshold: signers.length });
    const shares: { guardian: string; signatureShare: string }[] = [];
    const devices = signers.map((guardian) => {
      const { submitNonceCommitment } = this.transport(guardian);
      const submitSignatureShare = () => Promise.resolve({ status: 0, body: {} });
      return this.device(guardian, undefined, { submitNonceCommitment, submitSignatureShare });
    });
    for (const device of devices) {
      const { answer } = await device.commit(await this.sessionFor(device.participantId, session));
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
    }
    for (const device of devices) {
      const guardian = device.participantId;
      const { signatureShare } = await device.sign(await this.packageFor(guardian, session));
      shares.push({ guardian, signatureShare });
    }
    return { session, shares };
  }

  #headers(guardian: string): Record<string, string> {
    const { publishableKey: apikey } = this.stack;
    return { apikey, Authorization: `Bearer ${this.#tokens.get(guardian)}` };
  }

  async #post(
    api: "functions" | "rest",
    path: string,
    headers: Record<string, string>,
    body: object,
  ): Promise<Answer> {
    const response = await fetch(`${this.stack.apiUrl}/${api}/v1/${path}`, {
      method: "POST",
      headers: { ...headers, "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: await response.json() };
  }
}

/** A session in round two, and what its signers have to say. */
export interface UnsentShares {
  readonly session: string;
  readonly shares: readonly { readonly guardian: string; readonly signatureShare: string }[];
}

/** How many events of each kind a session has. */
export async function eventsOf(
  sql: postgres.Sql,
  session: string,
): Promise<Readonly<Record<string, number>>> {
  const rows = await sql<{ event: string; count: number }[]>`
    select event, count(*)::int as count from public.frost_events
    where subject_id = ${session} group by event`;
  return Object.fromEntries(rows.map(({ event, count }) => [event, count]));
}

/** How many answers there are of each status and code. */
export function tallyAnswers(answers: readonly Answer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status, body } of answers) {
    const key = body.success === true ? String(status) : `${status} ${body.code}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}
