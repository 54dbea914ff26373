/**
 * Families whose keys are made up: the database counts, orders and remembers, and knows no curve. What
 * takes real keys goes over HTTP, with real guardians.
 */
import assert from "node:assert/strict";
import type postgres from "postgres";
import { asMember, asService, type Call, make } from "./calls.ts";
import type { Random } from "./random.ts";

/** What kind of family. */
export interface FamilyOptions {
  readonly threshold: number;
  readonly guardians: number;
}

/** A session before its first commitment. */
export interface SessionOptions {
  readonly threshold?: number;
  readonly expiresInMs?: number;
  readonly mode?: "two_round" | "robust";
}

/** A family with a key package in a database, and its sessions. */
export class SqlFamily {
  readonly id: string;
  /** In identifier order, which is not the order of the alphabet. */
  readonly guardians: readonly string[];
  readonly creator: string;
  readonly threshold: number;

  private constructor(
    readonly sql: postgres.Sql,
    readonly random: Random,
    options: FamilyOptions,
  ) {
    this.id = `family-${random.hex(6)}`;
    const names = Array.from({ length: options.guardians }, (_, i) => `guardian${i + 1}`);
    this.guardians = random.shuffled(names);
    this.creator = this.guardians[0];
    this.threshold = options.threshold;
  }

  static async found(
    sql: postgres.Sql,
    random: Random,
    options: FamilyOptions,
  ): Promise<SqlFamily> {
    const family = new SqlFamily(sql, random, options);
    assert.equal((await make(sql, family.registration())).code, "ok");
    // Races take more turns in a minute than guardians do.
    await sql`insert into permafrost.limits (limit_name, family_id, value)
      select limit_name, ${family.id}, 1000000 from permafrost.limits where family_id is null`;
    // Whoever makes the first session of a database writes it down, and others wait for that.
    await sql`select permafrost.enter_incarnation()`;
    return family;
  }

  /** A registration of a new key, or of new shares of the key given. */
  registration(groupPublicKey = this.random.point()): Call {
    return asService("register_key_package", {
      p_family_id: this.id,
      p_ciphersuite: "FROST-secp256k1-SHA256-TR-v1",
      p_threshold: this.threshold,
      p_participants: this.guardians,
      p_group_public_key: groupPublicKey,
      p_verifying_shares: this.guardians.map(() => this.random.point()),
    });
  }

  /** Creates a session of all guardians, listed in an order of its own. */
  async session(
    { threshold = this.threshold, expiresInMs = 300_000, mode = "two_round" }: SessionOptions = {},
  ) {
    const [{ session_id }] = await this.sql<{ session_id: string }[]>`
      insert into public.frost_signing_sessions
        (family_id, message_hash, participants, threshold, created_by, mode, created_at, expires_at)
      select ${this.id}, ${this.random.hex(32)}, ${this.random.shuffled(this.guardians)},
        ${threshold}::int, ${this.creator}, ${mode}, now, now + ${expiresInMs}::int
      from permafrost.now_ms() as now
      returning session_id`;
    return session_id;
  }

  /** Creates a session that waits for `missing` more shares; answers it and its signers. */
  async signing(missing: number, options: SessionOptions = {}) {
    const session = await this.session(options);
    const signers = this.guardians.slice(-(options.threshold ?? this.threshold));
    for (const signer of signers) await this.must(this.commit(session, signer));
    for (const signer of signers.slice(missing)) await this.must(this.share(session, signer));
    return { session, signers };
  }

  commit(session: string, guardian: string, commitment = this.random.commitment()): Call {
    return asService("record_nonce_commitment", {
      p_session_id: session,
      p_participant_id: guardian,
      p_nonce_commitment: commitment,
    });
  }

  share(
    session: string,
    guardian: string,
    share = this.random.hex(32),
    quorum: number | null = null,
  ): Call {
    return asService("record_signature_share", {
      p_session_id: session,
      p_participant_id: guardian,
      p_signature_share: share,
      p_quorum: quorum,
    });
  }

  /** Says that a share did not verify. */
  refuse(session: string, guardian: string, quorum: number): Call {
    return asService("record_refused_share", {
      p_session_id: session,
      p_participant_id: guardian,
      p_reason: "It does not verify",
      p_quorum: quorum,
    });
  }

  /** Publishes so many commitments of a guardian. */
  publish(guardian: string, count: number): Call {
    return asService("publish_nonce_commitments", {
      p_family_id: this.id,
      p_participant_id: guardian,
      p_nonce_commitments: Array.from({ length: count }, () => this.random.commitment()),
    });
  }

  /** A creation of `one_tap` sessions by a guardian. */
  oneTap(guardian: string, messages = 1): Promise<Call> {
    const message = () => ({ message_hash: this.random.hex(32) });
    return this.as(guardian, "create_signing_sessions", {
      p_family_id: this.id,
      p_messages: JSON.stringify(Array.from({ length: messages }, message)),
      p_participants: this.guardians,
      p_threshold: this.threshold,
      p_mode: "one_tap",
    });
  }

  complete(session: string, signature = this.random.hex(64)): Call {
    return asService("complete_signing_session", {
      p_session_id: session,
      p_final_signature: signature,
    });
  }

  fail(session: string, reason = "changed my mind"): Promise<Call> {
    return this.as(this.creator, "fail_signing_session", {
      p_session_id: session,
      p_reason: reason,
    });
  }

  decline(session: string, guardian: string): Promise<Call> {
    return this.as(guardian, "decline_signing_request", {
      p_session_id: session,
      p_reason: `${guardian} says no`,
    });
  }

  as(guardian: string, name: string, args: Parameters<typeof asService>[1] = {}): Promise<Call> {
    return asMember(this.id, guardian, name, args);
  }

  /** A call that has to succeed, for what a test begins with. */
  async must(call: Call | Promise<Call>): Promise<Readonly<Record<string, unknown>>> {
    const { code, answer } = await make(this.sql, await call);
    assert.equal(code, "ok", JSON.stringify(answer));
    return answer;
  }
}
