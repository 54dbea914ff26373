-- What there is: tables, indexes, policies, names, and the rules every function keeps.
begin;
set local search_path = public, extensions;
select no_plan();

select has_table('public', t, t || ' is there')
from unnest(array['frost_key_packages', 'frost_signing_sessions', 'frost_nonce_commitments',
  'frost_signature_shares', 'frost_events', 'sss_signing_requests', 'sss_encrypted_shares']) as t;
select has_table('permafrost', 'nonce_ledger', 'the ledger is there');

select is((select count(*) from pg_indexes where schemaname = 'public' and tablename = 'frost_signing_sessions'),
  7::bigint, 'sessions have exactly 7 indexes');
select is((select count(*) from pg_indexes where schemaname = 'public' and tablename = 'frost_nonce_commitments'),
  3::bigint, 'nonce commitments have exactly 3 indexes');
select is_empty(
  $$select indrelid::regclass, indkey, indclass, indoption, pg_get_expr(indpred, indrelid)
    from pg_index where indrelid::regclass::text ~ '^(public\.)?(frost|sss)_|^permafrost\.'
    group by 1, 2, 3, 4, 5 having count(*) > 1$$, 'no index is there twice');
select is((select count(*) from pg_policies where tablename = 'frost_signing_sessions'), 4::bigint,
  'sessions have exactly 4 policies');
select is((select count(*) from pg_policies where tablename = 'frost_nonce_commitments'), 3::bigint,
  'nonce commitments have exactly 3 policies');
select set_eq(
  $$select proname::text from pg_proc where pronamespace = 'public'::regnamespace and proname like '%frost%'$$,
  array['expire_old_frost_signing_sessions', 'cleanup_old_frost_signing_sessions', 'frost_signing_metrics'],
  'three public routines have frost in their name');
select enum_has_labels('public', 'signing_session_status',
  array['pending', 'nonce_collection', 'signing', 'aggregating', 'completed', 'failed', 'expired'],
  'the states are the contract''s');

select columns_are('public', 'frost_signing_sessions', array['session_id', 'family_id', 'message_hash',
  'event_template', 'event_type', 'participants', 'threshold', 'created_by', 'mode', 'status', 'key_package_id',
  'signers', 'final_signature', 'final_event_id', 'error_message', 'incarnation', 'created_at', 'updated_at',
  'nonce_collection_started_at', 'signing_started_at', 'aggregating_started_at', 'completed_at',
  'failed_at', 'expires_at'], 'sessions have the contract''s columns');
select columns_are('public', 'frost_nonce_commitments', array['session_id', 'quorum', 'participant_id',
  'nonce_commitment', 'nonce_used', 'created_at', 'used_at'], 'nonce commitments have the contract''s columns');
select columns_are('permafrost', 'nonce_ledger', array['point_digest', 'family_id', 'session_id',
  'participant_id', 'first_seen_at'], 'the ledger has the contract''s columns');
select is_empty(
  $$select table_name, column_name from information_schema.columns
    where table_schema in ('public', 'permafrost') and column_name like '%\_at' and data_type <> 'bigint'$$,
  'every time is a bigint');
select is((select conname::text from pg_constraint where conrelid = 'public.frost_nonce_commitments'::regclass
  and contype = 'u'), 'unique_nonce_commitment', 'a commitment is unique');
select is((select count(*) from pg_constraint where conrelid = 'permafrost.nonce_ledger'::regclass and contype = 'f'),
  0::bigint, 'the ledger has no foreign key');

-- Rights are given by name; what keeps a definer safe is its schema and its search path.
select is_empty(
  $$select c.oid::regclass from pg_class as c where relkind in ('r', 'p') and not relrowsecurity
    and relnamespace in ('public'::regnamespace, 'permafrost'::regnamespace)$$, 'RLS is on everywhere');
select is_empty(
  $$select nspacl from pg_namespace, aclexplode(nspacl) as a
    where nspname = 'permafrost' and a.grantee <> nspowner$$, 'nobody is granted the schema permafrost');
select is_empty(
  $$select oid::regprocedure from pg_proc where prosecdef and pronamespace = 'public'::regnamespace$$,
  'no security definer is exposed');
select is_empty(
  $$select oid::regprocedure from pg_proc
    where pronamespace in ('public'::regnamespace, 'permafrost'::regnamespace)
      and not coalesce(proconfig @> array['search_path=pg_catalog, pg_temp'], false)$$,
  'every function looks for names in pg_catalog first, and in pg_temp last');
select is_empty(
  $$select p.oid::regprocedure from pg_proc as p join pg_language as l on l.oid = p.prolang
    where pronamespace = 'public'::regnamespace and (lanname <> 'sql' or prosqlbody is null)$$,
  'every public function is one line of SQL, resolved when it was made');
select is_empty(
  $$select proname from pg_proc where pronamespace in ('public'::regnamespace, 'permafrost'::regnamespace)
    group by pronamespace, proname having count(*) > 1$$, 'no function is overloaded');
select is_empty(
  $$select c.oid::regclass from pg_class as c where relkind in ('r', 'v')
    and relnamespace in ('public'::regnamespace, 'permafrost'::regnamespace)
    and obj_description(c.oid, 'pg_class') is null$$, 'every table and view says what it is');
select is_empty(
  $$select oid::regprocedure from pg_proc where pronamespace = 'public'::regnamespace
    and obj_description(oid, 'pg_proc') is null$$, 'every public function says what it does');

select * from finish();
rollback;
