-- What a request for a signature must look like, by whatever method it is made, and what the family's key asks of
-- it on top.

create or replace function permafrost.current_key_package(p_family_id text) returns public.frost_key_packages
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_package public.frost_key_packages;
begin
  select * into v_package from public.frost_key_packages as k where k.family_id = p_family_id and k.retired_at is null;
  return v_package;
end;
$$;
comment on function permafrost.current_key_package(text) is 'The family''s current key, or a row of nulls.';

create or replace function permafrost.ciphersuite_of(p_key_package_id uuid) returns permafrost.ciphersuites
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_suite permafrost.ciphersuites;
begin
  select c.* into v_suite from public.frost_key_packages as k join permafrost.ciphersuites as c using (ciphersuite)
  where k.key_package_id = p_key_package_id;
  return v_suite;
end;
$$;
comment on function permafrost.ciphersuite_of(uuid) is 'The ciphersuite of a key; a row of nulls for no key: a dry run has none.';

-- A NIP-01 template and nothing else: what nests deeper would break whoever reads it, and what is written in two
-- ways (1 and 1.0) would be hashed in two ways.
create or replace function permafrost.check_event_template(p_template jsonb) returns void
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
  if octet_length(p_template::text) > 65536 then
    perform permafrost.refuse('invalid_input', 'event_template must be at most 65,536 bytes as text');
  end if;
  if jsonb_typeof(p_template) <> 'object' then
    perform permafrost.refuse('invalid_input', 'event_template must be an object');
  end if;
  if p_template - '{kind,created_at,content,tags,pubkey}'::text[] <> '{}' then
    perform permafrost.refuse('invalid_input', 'event_template must have nothing but kind, created_at, content, tags and pubkey');
  end if;
  if not coalesce(p_template ->> 'kind' ~ '^[0-9]{1,5}$' and jsonb_typeof(p_template -> 'kind') = 'number'
    and (p_template ->> 'kind')::integer <= 65535, false)
  then
    perform permafrost.refuse('invalid_input', 'event_template.kind must be an integer from 0 to 65,535');
  end if;
  if not coalesce(p_template ->> 'created_at' ~ '^[0-9]{1,15}$' and jsonb_typeof(p_template -> 'created_at') = 'number', false) then
    perform permafrost.refuse('invalid_input', 'event_template.created_at must be an integer, in seconds since the epoch');
  end if;
  if jsonb_typeof(p_template -> 'content') is distinct from 'string' then
    perform permafrost.refuse('invalid_input', 'event_template.content must be a string');
  end if;
  if jsonb_typeof(p_template -> 'tags') is distinct from 'array'
    or exists (select from jsonb_array_elements(p_template -> 'tags') as t (tag)
      where jsonb_typeof(tag) <> 'array'
        or jsonb_path_exists(tag, 'strict $[*] ? (@.type() != "string")'))
  then
    perform permafrost.refuse('invalid_input', 'event_template.tags must be an array of arrays of strings');
  end if;
  if p_template ? 'pubkey' and not coalesce(p_template ->> 'pubkey' ~ '^[0-9a-f]{64}$' and jsonb_typeof(p_template -> 'pubkey') = 'string', false) then
    perform permafrost.refuse('invalid_input', 'event_template.pubkey must be 32 bytes in lower-case hex');
  end if;
end;
$$;
comment on function permafrost.check_event_template(jsonb) is 'Refuses invalid_input unless it is a NIP-01 event before it is signed; null is none.';

create or replace function permafrost.check_request(
  p_message_hash text, p_event_template jsonb, p_event_type text
) returns void
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
  if coalesce(p_message_hash, '') = '' then
    perform permafrost.refuse('invalid_input', 'message_hash must be given');
  end if;
  if p_event_type is not null then
    perform permafrost.check_identifier('event_type', p_event_type);
  end if;
  if p_event_template is not null then
    perform permafrost.check_event_template(p_event_template);
  end if;
end;
$$;
comment on function permafrost.check_request(text, jsonb, text) is 'Refuses invalid_input for a message, template or type that no key could sign.';

create or replace function permafrost.check_against_key(
  p_package public.frost_key_packages, p_participants text[], p_threshold integer, p_message_hash text
) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_suite permafrost.ciphersuites;
begin
  if not p_participants <@ p_package.participants then
    perform permafrost.refuse('participants_invalid', 'Every participant must hold a share of the family''s key');
  end if;
  select * into strict v_suite from permafrost.ciphersuites where ciphersuite = p_package.ciphersuite;
  if p_threshold not between p_package.threshold and v_suite.signers_max then
    perform permafrost.refuse('threshold_invalid',
      format('The threshold must be from %s, the key''s, to %s', p_package.threshold, v_suite.signers_max));
  end if;
  if not permafrost.is_hex(p_message_hash)
    or length(p_message_hash) / 2 not between v_suite.message_bytes_min and v_suite.message_bytes_max
  then
    perform permafrost.refuse('message_hash_invalid',
      format('%s signs %s bytes, given in lower-case hex', v_suite.ciphersuite,
        concat_ws(' to ', v_suite.message_bytes_min, nullif(v_suite.message_bytes_max, v_suite.message_bytes_min))));
  end if;
end;
$$;
comment on function permafrost.check_against_key(public.frost_key_packages, text[], integer, text) is
  'Refuses participants_invalid, threshold_invalid or message_hash_invalid for a request that this key does not sign.';

-- Whether it verifies is for the functions to say; here, whether it can be a signature of this key at all.
create or replace function permafrost.check_final_signature(p_key_package_id uuid, p_final_signature text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_bytes integer := (permafrost.ciphersuite_of(p_key_package_id)).signature_bytes; -- null in a dry run
begin
  if not permafrost.is_hex(p_final_signature) or length(p_final_signature) <> 2 * v_bytes then
    perform permafrost.refuse('invalid_input',
      format('final_signature must be %s in lower-case hex', coalesce(v_bytes || ' bytes', 'bytes')));
  end if;
end;
$$;
comment on function permafrost.check_final_signature(uuid, text) is
  'Refuses invalid_input unless the text has the form of a signature under this key.';

create or replace function permafrost.key_warning(p_key_package_id uuid) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  return (select 'The secret of this key was put together in one place for a recovery; register a new key'
    from public.frost_key_packages as k
    where k.key_package_id = p_key_package_id and k.exposed_at is not null);
end;
$$;
comment on function permafrost.key_warning(uuid) is 'What members must be told about a key; null for nothing.';

create or replace function permafrost.check_member_of(p_family_id text) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_me text := permafrost.memberships() ->> p_family_id;
begin
  if v_me is null then
    perform permafrost.refuse('not_in_family', 'The caller is not a member of this family');
  end if;
  return v_me;
end;
$$;
comment on function permafrost.check_member_of(text) is
  'Who the caller is in a family. Refuses not_in_family for a caller of another family, or of none.';

create or replace function permafrost.expires_at(p_now bigint, p_expiration_seconds integer) returns bigint
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
  if p_expiration_seconds is null or p_expiration_seconds not between 1 and 604800 then
    perform permafrost.refuse('invalid_input', 'expiration_seconds must be from 1 to 604,800');
  end if;
  return p_now + 1000 * p_expiration_seconds::bigint;
end;
$$;
comment on function permafrost.expires_at(bigint, integer) is 'When a request ends, milliseconds since the epoch. Refuses invalid_input.';

revoke all on function permafrost.current_key_package(text), permafrost.ciphersuite_of(uuid), permafrost.check_event_template(jsonb),
  permafrost.check_request(text, jsonb, text), permafrost.check_against_key(public.frost_key_packages, text[], integer, text),
  permafrost.check_final_signature(uuid, text), permafrost.key_warning(uuid), permafrost.check_member_of(text),
  permafrost.expires_at(bigint, integer) from public, anon, authenticated, service_role;
