import assert from "node:assert/strict";
import type postgres from "postgres";
import { asService, type Call } from "./calls.ts";
import type { SqlFamily } from "./sql_family.ts";

/** A recovery request of a family, made by its creator. */
export class Recovery {
  private constructor(readonly family: SqlFamily, readonly id: string) {}

  static async ask(family: SqlFamily, { recipient = true } = {}): Promise<Recovery> {
    const { creator, guardians, id, random, threshold } = family;
    const { request_id } = await family.must(family.as(creator, "create_recovery_request", {
      p_family_id: id,
      p_message_hash: random.hex(32),
      p_participants: guardians,
      p_threshold: threshold,
      p_recipient_public_key: recipient ? random.hex(32) : null,
    }));
    return new Recovery(family, String(request_id));
  }

  setRecipient(key = this.family.random.hex(32)): Promise<Call> {
    return this.#call(this.family.creator, "set_recovery_recipient", {
      p_recipient_public_key: key,
    });
  }

  submit(guardian: string, ciphertext = this.family.random.hex(20)): Promise<Call> {
    return this.#call(guardian, "submit_recovery_share", { p_ciphertext: ciphertext });
  }

  reject(guardian: string): Promise<Call> {
    return this.#call(this.family.creator, "reject_recovery_share", {
      p_guardian_id: guardian,
      p_reason: "It does not open",
    });
  }

  fail(): Promise<Call> {
    return this.#call(this.family.creator, "fail_recovery_request", { p_reason: "found the key" });
  }

  decline(guardian: string): Promise<Call> {
    return this.family.decline(this.id, guardian);
  }

  complete(signature = this.family.random.hex(64)): Call {
    return asService("complete_recovery_request", {
      p_request_id: this.id,
      p_participant_id: this.family.creator,
      p_final_signature: signature,
    });
  }

  #call(guardian: string, name: string, args: Parameters<typeof asService>[1]): Promise<Call> {
    return this.family.as(guardian, name, { p_request_id: this.id, ...args });
  }
}

/** Fails unless every recovery request is what its shares, declines and events make it. */
export async function assertRecoveriesLegal(sql: postgres.Sql): Promise<void> {
  const wrong = await sql`
    with shares as (
      select request_id, count(*) filter (where status = 'submitted')::int as good,
        bool_and(ciphertext ~ '^sha256:[0-9a-f]{64}$') as forgotten, bool_or(ciphertext ~ '^sha256:') as any_forgotten
      from public.sss_encrypted_shares group by request_id
    ), trail as (
      select subject_id as request_id, count(*) filter (where event = 'ready') as ready,
        count(*) filter (where event = 'recipient_set') as recipients,
        array_agg(event) filter (where event in ('completed', 'failed', 'expired')) as ends,
        min(event_id) filter (where event in ('completed', 'failed', 'expired')) as end_id,
        max(event_id) filter (where event <> 'published') as last_id
      from public.frost_events where subject = 'recovery' group by subject_id
    ), declines as (
      select subject_id as request_id, count(*)::int as declined from permafrost.declines
      where kind = 'recovery' group by subject_id
    ), facts as (
      select r.*, t as trail, coalesce(s.good, 0) as good, s.forgotten, s.any_forgotten, coalesce(d.declined, 0) as declined,
        r.status in ('completed', 'failed', 'expired') as ended, k.exposed_at
      from public.sss_signing_requests as r
      join public.frost_key_packages as k using (key_package_id)
      left join shares as s using (request_id)
      left join trail as t using (request_id)
      left join declines as d using (request_id)
    )
    select f.request_id, f.status, v.problem from facts as f cross join lateral (values
      ('status and shares do not agree', case f.status
        when 'pending' then f.good <> 0 when 'partial' then f.good >= f.threshold
        when 'ready' then f.good <> f.threshold when 'completed' then f.good <> f.threshold else false end),
      ('a finished request keeps ciphertext, or an open one has lost it',
        coalesce(case when f.ended then not f.forgotten else f.any_forgotten end, false)),
      ('ready, but the key is not marked exposed', f.ready_at is not null and f.exposed_at is null),
      ('ready without having been so', (f.ready_at is not null) <> ((f.trail).ready > 0)),
      ('signature, reason, times and status do not agree',
        (f.status = 'completed') <> (f.final_signature is not null)
          or (f.status = 'completed') <> (f.completed_at is not null)
          or (f.status = 'failed') <> (f.error_message is not null)
          or (f.status = 'failed') <> (f.failed_at is not null)),
      ('more than one recipient', (f.trail).recipients > 1),
      ('too few are left, and it did not fail',
        cardinality(f.participants) - f.threshold < f.declined and f.status <> 'failed'),
      ('events do not tell how it ended',
        (f.trail).ends is distinct from case when f.ended then array[f.status::text] end
          or coalesce((f.trail).last_id > (f.trail).end_id, false))
    ) as v (problem, wrong)
    where v.wrong is distinct from false`;
  assert.deepEqual([...wrong], []);
}
