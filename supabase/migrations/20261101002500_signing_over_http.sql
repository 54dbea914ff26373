-- What the edge functions ask: a question each on the way to an answer, since a round trip costs more than what it asks
-- for. The functions say what the curve says (under which suites a commitment's points are valid), the database compares.

-- Who holds somebody else's token acts for nobody: the rule of functions/_shared/caller.ts.
create or replace function permafrost.check_claimed(p_me text, p_claimed text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  if p_claimed <> p_me then
    perform permafrost.refuse('not_a_participant',
      format('The access token is that of participant %s, not of %s', to_json(p_me), to_json(p_claimed)));
  end if;
end;
$$;
comment on function permafrost.check_claimed(text, text) is
  'Refuses not_a_participant if the client takes itself for somebody else (null: it does not say).';

create or replace function permafrost.submit_nonce_commitment(p_item jsonb) returns jsonb
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_session public.frost_signing_sessions := s from public.frost_signing_sessions as s where s.session_id = p_item ->> 'session_id';
  v_suite record;
  v_reason text;
begin
  if v_session.session_id is null then
    perform permafrost.refuse('session_not_found', 'There is no such session, or the caller may not see it');
  end if;
  perform permafrost.check_claimed(p_item ->> 'participant_id', p_item ->> 'claimed');
  if v_session.key_package_id is null then
    perform permafrost.refuse('no_key_package', 'This session was created without a key package: it is a dry run and is never signed');
  end if;
  v_suite := permafrost.ciphersuite_of(v_session.key_package_id);
  if not coalesce(p_item -> 'valid_suites' ? v_suite.ciphersuite, false) then
    v_reason := format('A nonce commitment must be two valid points of %s, hiding and binding, %s bytes of lower-case hex each',
      v_suite.ciphersuite, v_suite.element_bytes);
    perform permafrost.record_refused_commitment(v_session.session_id, p_item ->> 'participant_id', v_reason, p_item ->> 'nonce_commitment');
    return jsonb_build_object('accepted', false, 'code', 'commitment_invalid', 'error', v_reason);
  end if;
  return permafrost.record_nonce_commitment(v_session.session_id, p_item ->> 'participant_id', p_item ->> 'nonce_commitment');
end;
$$;
comment on function permafrost.submit_nonce_commitment(jsonb) is
  'record_nonce_commitment, with record_refused_commitment unless valid_suites has the session''s suite. Refuses session_not_found, not_a_participant, no_key_package.';

-- An item of a session that the caller may not see goes on without its id: nothing of it is read or locked.
-- Security definer: it locks and moves sessions.
create or replace function permafrost.submit_nonce_commitments(p_memberships jsonb, p_items jsonb, p_participant_id text) returns jsonb
language sql volatile security definer set search_path = pg_catalog, pg_temp
return permafrost.each_item((
  select jsonb_agg(case when s.session_id is null then '{}' else i
    || jsonb_build_object('participant_id', p_memberships ->> s.family_id, 'claimed', p_participant_id) end order by n)
  from jsonb_array_elements(p_items) with ordinality as u (i, n)
  left join public.frost_signing_sessions as s on s.session_id = i ->> 'session_id'
    and (p_memberships ->> s.family_id = s.created_by or p_memberships ->> s.family_id = any (s.participants))),
  'select permafrost.submit_nonce_commitment($1)');

create or replace function public.submit_nonce_commitments(p_memberships jsonb, p_items jsonb, p_participant_id text default null) returns jsonb
language sql volatile set search_path = pg_catalog, pg_temp
begin atomic select permafrost.submit_nonce_commitments(p_memberships, p_items, p_participant_id); end;
comment on function public.submit_nonce_commitments(jsonb, jsonb, text) is
  'For a member whose token the caller has verified ({family: participant}; p_participant_id: who its client takes itself for): records 1 to 256 items [{session_id, nonce_commitment, valid_suites}], each judged alone: answers of record_nonce_commitment in the order given.';

-- What every answer would repeat, the key packages, comes once.
-- Security definer: it reads share_verifications, for a signer its own entries.
create or replace function permafrost.get_share_checks(p_items jsonb, p_participant_id text) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_item jsonb;
  v_session public.frost_signing_sessions;
  v_check jsonb;
  v_code text;
  v_reason text;
  v_checks jsonb[] := '{}';
  v_packages uuid[] := '{}';
begin
  if jsonb_typeof(p_items) is distinct from 'array' or jsonb_array_length(p_items) not between 1 and 256 then
    perform permafrost.refuse('invalid_input', 'items must be an array of 1 to 256 objects');
  end if;
  for v_item in select i from jsonb_array_elements(p_items) with ordinality as u (i, n) order by n loop
    begin
      v_session := permafrost.visible_session(v_item ->> 'session_id');
      perform permafrost.check_claimed(permafrost.memberships() ->> v_session.family_id, p_participant_id);
      -- An exact retry is for the quorum that it was recorded for, whichever comes next by now.
      v_check := permafrost.get_share_verification(v_session.session_id, coalesce((v_item ->> 'quorum')::integer, (
        select s.quorum from public.frost_signature_shares as s
        where s.session_id = v_session.session_id and s.participant_id = permafrost.memberships() ->> v_session.family_id
          and s.signature_share = v_item ->> 'signature_share' order by s.quorum limit 1)));
      if v_session.status = 'completed' and v_check ->> 'signature_share' is null then
        perform permafrost.refuse('session_finished', 'Another quorum has finished the session');
      end if;
      if jsonb_typeof(v_check -> 'signer') is distinct from 'object' then
        v_check := v_check || jsonb_build_object('key_package_id', v_session.key_package_id, 'signing_package',
          permafrost.signing_package(v_session.session_id, (v_check ->> 'quorum')::integer) - 'key_package');
        v_packages := v_packages || v_session.key_package_id;
      end if;
    exception when sqlstate 'PT400' or sqlstate 'PT403' or sqlstate 'PT404' or sqlstate 'PT409' or sqlstate 'PT410' or sqlstate 'PT422' then
      get stacked diagnostics v_code = pg_exception_hint, v_reason = message_text;
      v_check := jsonb_strip_nulls(jsonb_build_object('code', v_code, 'error', v_reason,
        'final_signature', case when v_code = 'session_finished' then v_session.final_signature end));
    end;
    v_checks := v_checks || v_check;
  end loop;
  return jsonb_build_object('checks', to_jsonb(v_checks), 'key_packages', (
    select coalesce(jsonb_object_agg(k.key_package_id, to_jsonb(k)), '{}')
    from public.frost_key_packages as k where k.key_package_id = any (v_packages)));
end;
$$;

create or replace function public.get_share_checks(p_items jsonb, p_participant_id text default null) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
begin atomic select permafrost.get_share_checks(p_items, p_participant_id); end;
comment on function public.get_share_checks(jsonb, text) is
  'get_share_verification for 1 to 256 items [{session_id, quorum?, signature_share?}], which without quorum are for the one that has recorded this very share, else for the first unanswered one (p_participant_id: who the client takes itself for): checks, in the order given, each judged alone ({code, error, final_signature?} where it is refused), with signing_package and key_package_id where the verification must be computed again; and key_packages by id.';

revoke all on function permafrost.check_claimed(text, text), permafrost.submit_nonce_commitment(jsonb),
  permafrost.submit_nonce_commitments(jsonb, jsonb, text), public.submit_nonce_commitments(jsonb, jsonb, text),
  permafrost.get_share_checks(jsonb, text), public.get_share_checks(jsonb, text)
  from public, anon, authenticated, service_role;
grant execute on function permafrost.submit_nonce_commitments(jsonb, jsonb, text), public.submit_nonce_commitments(jsonb, jsonb, text) to service_role;
grant execute on function permafrost.get_share_checks(jsonb, text), public.get_share_checks(jsonb, text) to authenticated;
