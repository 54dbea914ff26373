-- What the database has to know of a ciphersuite: how long things are (RFC 9591 section 6). The curves
-- themselves are the functions' business.

create table if not exists permafrost.ciphersuites (
  ciphersuite text primary key,
  element_bytes integer not null,
  scalar_bytes integer not null,
  signature_bytes integer not null,
  message_bytes_min integer not null,
  message_bytes_max integer not null,
  signers_max integer not null,
  ceremony_max integer not null
);
alter table permafrost.ciphersuites enable row level security;
revoke all on table permafrost.ciphersuites from public, anon, authenticated, service_role;
comment on table permafrost.ciphersuites is 'The ciphersuites by RFC 9591 name, with lengths in bytes.';
comment on column permafrost.ciphersuites.element_bytes is 'Ne: an encoded point of the group.';
comment on column permafrost.ciphersuites.scalar_bytes is 'Ns: an encoded scalar.';
comment on column permafrost.ciphersuites.signature_bytes is 'The final signature as its verifiers expect it.';
comment on column permafrost.ciphersuites.signers_max is
  'The greatest threshold: closing round one with more signers takes longer than the 2 s of CPU that a hosted function has.';
comment on column permafrost.ciphersuites.ceremony_max is 'The most participants of a ceremony: with more a step takes longer than those 2 s.';

insert into permafrost.ciphersuites values
  -- BIP-340 signs exactly 32 bytes, and its signature holds the nonce point by its x coordinate alone.
  ('FROST-secp256k1-SHA256-TR-v1', 33, 32, 64, 32, 32, 255, 67),
  ('FROST-secp256k1-SHA256-v1', 33, 32, 65, 1, 8192, 255, 67),
  ('FROST-ED25519-SHA512-v1', 32, 32, 64, 1, 8192, 255, 67),
  ('FROST-RISTRETTO255-SHA512-v1', 32, 32, 64, 1, 8192, 255, 67),
  ('FROST-P256-SHA256-v1', 33, 32, 65, 1, 8192, 255, 67),
  ('FROST-ED448-SHAKE256-v1', 57, 57, 114, 1, 8192, 128, 67)
on conflict (ciphersuite) do nothing;
