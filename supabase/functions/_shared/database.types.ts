// Generated from the migrations by "deno task types". Do not edit.

export type Json = string | number | boolean | null | { [key: string]: Json | undefined } | Json[];

export type Database = {
  "public": {
    Tables: {
      "frost_ceremony_messages": {
        Row: {
          "ceremony_id": string;
          "created_at": number;
          "participant_id": string;
          "payload": NonNullable<Json>;
          "round": number;
        };
        ComputedFields: never;
        Insert: {
          "ceremony_id": string;
          "created_at"?: number;
          "participant_id": string;
          "payload": NonNullable<Json>;
          "round": number;
        };
        Update: {
          "ceremony_id"?: string;
          "created_at"?: number;
          "participant_id"?: string;
          "payload"?: NonNullable<Json>;
          "round"?: number;
        };
        Relationships: [
          {
            foreignKeyName: "frost_ceremony_messages_ceremony_id_fkey";
            columns: ["ceremony_id"];
            isOneToOne: false;
            referencedRelation: "frost_key_ceremonies";
            referencedColumns: ["ceremony_id"];
          },
        ];
      };
      "frost_events": {
        Row: {
          "actor": string | null;
          "detail": NonNullable<Json>;
          "digest": string;
          "event": string;
          "event_id": number;
          "family_id": string;
          "occurred_at": number;
          "seq": number;
          "subject": string;
          "subject_id": string;
        };
        ComputedFields: never;
        Insert: {
          "actor"?: string | null;
          "detail"?: NonNullable<Json>;
          "digest": string;
          "event": string;
          "event_id"?: never;
          "family_id": string;
          "occurred_at": number;
          "seq": number;
          "subject": string;
          "subject_id": string;
        };
        Update: {
          "actor"?: string | null;
          "detail"?: NonNullable<Json>;
          "digest"?: string;
          "event"?: string;
          "event_id"?: never;
          "family_id"?: string;
          "occurred_at"?: number;
          "seq"?: number;
          "subject"?: string;
          "subject_id"?: string;
        };
        Relationships: [];
      };
      "frost_host_keys": {
        Row: {
          "family_id": string;
          "host_public_key": string;
          "participant_id": string;
          "registered_at": number;
          "retired_at": number | null;
        };
        ComputedFields: never;
        Insert: {
          "family_id": string;
          "host_public_key": string;
          "participant_id": string;
          "registered_at"?: number;
          "retired_at"?: number | null;
        };
        Update: {
          "family_id"?: string;
          "host_public_key"?: string;
          "participant_id"?: string;
          "registered_at"?: number;
          "retired_at"?: number | null;
        };
        Relationships: [];
      };
      "frost_key_ceremonies": {
        Row: {
          "blamed": (string)[];
          "ceremony_id": string;
          "ciphersuite": string;
          "completed_at": number | null;
          "coordinator_messages": (string)[];
          "created_at": number;
          "created_by": string | null;
          "current_key_package_id": string | null;
          "dealer_host_public_keys": (string)[] | null;
          "dealers": (string)[] | null;
          "error_message": string | null;
          "expires_at": number;
          "failed_at": number | null;
          "family_id": string;
          "from_key_package_id": string | null;
          "host_public_keys": (string)[];
          "incarnation": number;
          "key_package": Json | null;
          "key_package_id": string | null;
          "kind": string;
          "params_id": string;
          "participants": (string)[];
          "protocol": string;
          "recovery_data": string | null;
          "status": Database["public"]["Enums"]["key_ceremony_status"];
          "threshold": number;
          "updated_at": number;
        };
        ComputedFields: never;
        Insert: {
          "blamed"?: (string)[];
          "ceremony_id"?: string;
          "ciphersuite": string;
          "completed_at"?: number | null;
          "coordinator_messages"?: (string)[];
          "created_at"?: number;
          "created_by"?: string | null;
          "current_key_package_id"?: string | null;
          "dealer_host_public_keys"?: (string)[] | null;
          "dealers"?: (string)[] | null;
          "error_message"?: string | null;
          "expires_at"?: number;
          "failed_at"?: number | null;
          "family_id": string;
          "from_key_package_id"?: string | null;
          "host_public_keys": (string)[];
          "incarnation": number;
          "key_package"?: Json | null;
          "key_package_id"?: string | null;
          "kind": string;
          "params_id": string;
          "participants": (string)[];
          "protocol": string;
          "recovery_data"?: string | null;
          "status"?: Database["public"]["Enums"]["key_ceremony_status"];
          "threshold": number;
          "updated_at"?: number;
        };
        Update: {
          "blamed"?: (string)[];
          "ceremony_id"?: string;
          "ciphersuite"?: string;
          "completed_at"?: number | null;
          "coordinator_messages"?: (string)[];
          "created_at"?: number;
          "created_by"?: string | null;
          "current_key_package_id"?: string | null;
          "dealer_host_public_keys"?: (string)[] | null;
          "dealers"?: (string)[] | null;
          "error_message"?: string | null;
          "expires_at"?: number;
          "failed_at"?: number | null;
          "family_id"?: string;
          "from_key_package_id"?: string | null;
          "host_public_keys"?: (string)[];
          "incarnation"?: number;
          "key_package"?: Json | null;
          "key_package_id"?: string | null;
          "kind"?: string;
          "params_id"?: string;
          "participants"?: (string)[];
          "protocol"?: string;
          "recovery_data"?: string | null;
          "status"?: Database["public"]["Enums"]["key_ceremony_status"];
          "threshold"?: number;
          "updated_at"?: number;
        };
        Relationships: [
          {
            foreignKeyName: "frost_key_ceremonies_current_key_package_id_fkey";
            columns: ["current_key_package_id"];
            isOneToOne: false;
            referencedRelation: "frost_key_packages";
            referencedColumns: ["key_package_id"];
          },
          {
            foreignKeyName: "frost_key_ceremonies_from_key_package_id_fkey";
            columns: ["from_key_package_id"];
            isOneToOne: false;
            referencedRelation: "frost_key_packages";
            referencedColumns: ["key_package_id"];
          },
          {
            foreignKeyName: "frost_key_ceremonies_key_package_id_fkey";
            columns: ["key_package_id"];
            isOneToOne: false;
            referencedRelation: "frost_key_packages";
            referencedColumns: ["key_package_id"];
          },
        ];
      };
      "frost_key_packages": {
        Row: {
          "ciphersuite": string;
          "created_at": number;
          "created_by": string | null;
          "epoch": number;
          "exposed_at": number | null;
          "family_id": string;
          "group_public_key": string;
          "key_package_id": string;
          "participants": (string)[];
          "retired_at": number | null;
          "threshold": number;
          "verifying_shares": (string)[];
          "vss_commitment": (string)[] | null;
        };
        ComputedFields: never;
        Insert: {
          "ciphersuite": string;
          "created_at"?: number;
          "created_by"?: string | null;
          "epoch": number;
          "exposed_at"?: number | null;
          "family_id": string;
          "group_public_key": string;
          "key_package_id"?: string;
          "participants": (string)[];
          "retired_at"?: number | null;
          "threshold": number;
          "verifying_shares": (string)[];
          "vss_commitment"?: (string)[] | null;
        };
        Update: {
          "ciphersuite"?: string;
          "created_at"?: number;
          "created_by"?: string | null;
          "epoch"?: number;
          "exposed_at"?: number | null;
          "family_id"?: string;
          "group_public_key"?: string;
          "key_package_id"?: string;
          "participants"?: (string)[];
          "retired_at"?: number | null;
          "threshold"?: number;
          "verifying_shares"?: (string)[];
          "vss_commitment"?: (string)[] | null;
        };
        Relationships: [];
      };
      "frost_nonce_commitments": {
        Row: {
          "created_at": number;
          "nonce_commitment": string;
          "nonce_used": boolean;
          "participant_id": string;
          "quorum": number;
          "session_id": string;
          "used_at": number | null;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: number;
          "nonce_commitment": string;
          "nonce_used"?: boolean;
          "participant_id": string;
          "quorum"?: number;
          "session_id": string;
          "used_at"?: number | null;
        };
        Update: {
          "created_at"?: number;
          "nonce_commitment"?: string;
          "nonce_used"?: boolean;
          "participant_id"?: string;
          "quorum"?: number;
          "session_id"?: string;
          "used_at"?: number | null;
        };
        Relationships: [
          {
            foreignKeyName: "frost_nonce_commitments_session_id_fkey";
            columns: ["session_id"];
            isOneToOne: false;
            referencedRelation: "frost_session_durations";
            referencedColumns: ["session_id"];
          },
          {
            foreignKeyName: "frost_nonce_commitments_session_id_fkey";
            columns: ["session_id"];
            isOneToOne: false;
            referencedRelation: "frost_session_statuses";
            referencedColumns: ["session_id"];
          },
          {
            foreignKeyName: "frost_nonce_commitments_session_id_fkey";
            columns: ["session_id"];
            isOneToOne: false;
            referencedRelation: "frost_signing_sessions";
            referencedColumns: ["session_id"];
          },
        ];
      };
      "frost_nonce_pool": {
        Row: {
          "bound_at": number | null;
          "expires_at": number;
          "family_id": string;
          "incarnation": number;
          "key_package_id": string;
          "nonce_commitment": string;
          "participant_id": string;
          "published_at": number;
          "quorum": number | null;
          "session_id": string | null;
          "withdrawn_at": number | null;
        };
        ComputedFields: never;
        Insert: {
          "bound_at"?: number | null;
          "expires_at": number;
          "family_id": string;
          "incarnation": number;
          "key_package_id": string;
          "nonce_commitment": string;
          "participant_id": string;
          "published_at"?: number;
          "quorum"?: number | null;
          "session_id"?: string | null;
          "withdrawn_at"?: number | null;
        };
        Update: {
          "bound_at"?: number | null;
          "expires_at"?: number;
          "family_id"?: string;
          "incarnation"?: number;
          "key_package_id"?: string;
          "nonce_commitment"?: string;
          "participant_id"?: string;
          "published_at"?: number;
          "quorum"?: number | null;
          "session_id"?: string | null;
          "withdrawn_at"?: number | null;
        };
        Relationships: [
          {
            foreignKeyName: "frost_nonce_pool_key_package_id_fkey";
            columns: ["key_package_id"];
            isOneToOne: false;
            referencedRelation: "frost_key_packages";
            referencedColumns: ["key_package_id"];
          },
        ];
      };
      "frost_signature_shares": {
        Row: {
          "created_at": number;
          "participant_id": string;
          "quorum": number;
          "session_id": string;
          "signature_share": string;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: number;
          "participant_id": string;
          "quorum"?: number;
          "session_id": string;
          "signature_share": string;
        };
        Update: {
          "created_at"?: number;
          "participant_id"?: string;
          "quorum"?: number;
          "session_id"?: string;
          "signature_share"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "frost_signature_shares_session_id_quorum_participant_id_fkey";
            columns: ["session_id", "quorum", "participant_id"];
            isOneToOne: true;
            referencedRelation: "frost_nonce_commitments";
            referencedColumns: ["session_id", "quorum", "participant_id"];
          },
        ];
      };
      "frost_signing_batches": {
        Row: {
          "batch_id": string;
          "position": number;
          "session_id": string;
        };
        ComputedFields: never;
        Insert: {
          "batch_id": string;
          "position": number;
          "session_id": string;
        };
        Update: {
          "batch_id"?: string;
          "position"?: number;
          "session_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "frost_signing_batches_session_id_fkey";
            columns: ["session_id"];
            isOneToOne: true;
            referencedRelation: "frost_session_durations";
            referencedColumns: ["session_id"];
          },
          {
            foreignKeyName: "frost_signing_batches_session_id_fkey";
            columns: ["session_id"];
            isOneToOne: true;
            referencedRelation: "frost_session_statuses";
            referencedColumns: ["session_id"];
          },
          {
            foreignKeyName: "frost_signing_batches_session_id_fkey";
            columns: ["session_id"];
            isOneToOne: true;
            referencedRelation: "frost_signing_sessions";
            referencedColumns: ["session_id"];
          },
        ];
      };
      "frost_signing_quorums": {
        Row: {
          "bound": boolean;
          "opened_at": number;
          "quorum": number;
          "refused": (string)[];
          "session_id": string;
          "signers": (string)[] | null;
          "status": Database["public"]["Enums"]["signing_quorum_status"];
        };
        ComputedFields: never;
        Insert: {
          "bound"?: boolean;
          "opened_at"?: number;
          "quorum": number;
          "refused"?: (string)[];
          "session_id": string;
          "signers"?: (string)[] | null;
          "status"?: Database["public"]["Enums"]["signing_quorum_status"];
        };
        Update: {
          "bound"?: boolean;
          "opened_at"?: number;
          "quorum"?: number;
          "refused"?: (string)[];
          "session_id"?: string;
          "signers"?: (string)[] | null;
          "status"?: Database["public"]["Enums"]["signing_quorum_status"];
        };
        Relationships: [
          {
            foreignKeyName: "frost_signing_quorums_session_id_fkey";
            columns: ["session_id"];
            isOneToOne: false;
            referencedRelation: "frost_session_durations";
            referencedColumns: ["session_id"];
          },
          {
            foreignKeyName: "frost_signing_quorums_session_id_fkey";
            columns: ["session_id"];
            isOneToOne: false;
            referencedRelation: "frost_session_statuses";
            referencedColumns: ["session_id"];
          },
          {
            foreignKeyName: "frost_signing_quorums_session_id_fkey";
            columns: ["session_id"];
            isOneToOne: false;
            referencedRelation: "frost_signing_sessions";
            referencedColumns: ["session_id"];
          },
        ];
      };
      "frost_signing_sessions": {
        Row: {
          "aggregating_started_at": number | null;
          "completed_at": number | null;
          "created_at": number;
          "created_by": string;
          "error_message": string | null;
          "event_template": Json | null;
          "event_type": string | null;
          "expires_at": number;
          "failed_at": number | null;
          "family_id": string;
          "final_event_id": string | null;
          "final_signature": string | null;
          "incarnation": number;
          "key_package_id": string | null;
          "message_hash": string;
          "mode": Database["public"]["Enums"]["signing_mode"];
          "nonce_collection_started_at": number | null;
          "participants": (string)[];
          "session_id": string;
          "signers": (string)[] | null;
          "signing_started_at": number | null;
          "status": Database["public"]["Enums"]["signing_session_status"];
          "threshold": number;
          "updated_at": number;
        };
        ComputedFields: never;
        Insert: {
          "aggregating_started_at"?: number | null;
          "completed_at"?: number | null;
          "created_at"?: number;
          "created_by": string;
          "error_message"?: string | null;
          "event_template"?: Json | null;
          "event_type"?: string | null;
          "expires_at"?: number;
          "failed_at"?: number | null;
          "family_id": string;
          "final_event_id"?: string | null;
          "final_signature"?: string | null;
          "incarnation": number;
          "key_package_id"?: string | null;
          "message_hash": string;
          "mode"?: Database["public"]["Enums"]["signing_mode"];
          "nonce_collection_started_at"?: number | null;
          "participants": (string)[];
          "session_id"?: string;
          "signers"?: (string)[] | null;
          "signing_started_at"?: number | null;
          "status"?: Database["public"]["Enums"]["signing_session_status"];
          "threshold": number;
          "updated_at"?: number;
        };
        Update: {
          "aggregating_started_at"?: number | null;
          "completed_at"?: number | null;
          "created_at"?: number;
          "created_by"?: string;
          "error_message"?: string | null;
          "event_template"?: Json | null;
          "event_type"?: string | null;
          "expires_at"?: number;
          "failed_at"?: number | null;
          "family_id"?: string;
          "final_event_id"?: string | null;
          "final_signature"?: string | null;
          "incarnation"?: number;
          "key_package_id"?: string | null;
          "message_hash"?: string;
          "mode"?: Database["public"]["Enums"]["signing_mode"];
          "nonce_collection_started_at"?: number | null;
          "participants"?: (string)[];
          "session_id"?: string;
          "signers"?: (string)[] | null;
          "signing_started_at"?: number | null;
          "status"?: Database["public"]["Enums"]["signing_session_status"];
          "threshold"?: number;
          "updated_at"?: number;
        };
        Relationships: [
          {
            foreignKeyName: "frost_signing_sessions_key_package_id_fkey";
            columns: ["key_package_id"];
            isOneToOne: false;
            referencedRelation: "frost_key_packages";
            referencedColumns: ["key_package_id"];
          },
        ];
      };
      "sss_encrypted_shares": {
        Row: {
          "ciphertext": string;
          "created_at": number;
          "guardian_id": string;
          "request_id": string;
          "status": string;
        };
        ComputedFields: never;
        Insert: {
          "ciphertext": string;
          "created_at"?: number;
          "guardian_id": string;
          "request_id": string;
          "status"?: string;
        };
        Update: {
          "ciphertext"?: string;
          "created_at"?: number;
          "guardian_id"?: string;
          "request_id"?: string;
          "status"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "sss_encrypted_shares_request_id_fkey";
            columns: ["request_id"];
            isOneToOne: false;
            referencedRelation: "sss_signing_requests";
            referencedColumns: ["request_id"];
          },
        ];
      };
      "sss_signing_requests": {
        Row: {
          "completed_at": number | null;
          "created_at": number;
          "created_by": string;
          "error_message": string | null;
          "event_template": Json | null;
          "event_type": string | null;
          "expires_at": number;
          "failed_at": number | null;
          "family_id": string;
          "final_event_id": string | null;
          "final_signature": string | null;
          "incarnation": number;
          "key_package_id": string;
          "message_hash": string;
          "participants": (string)[];
          "ready_at": number | null;
          "recipient_public_key": string | null;
          "request_id": string;
          "status": Database["public"]["Enums"]["sss_request_status"];
          "threshold": number;
          "updated_at": number;
          "use_case": string | null;
        };
        ComputedFields: never;
        Insert: {
          "completed_at"?: number | null;
          "created_at"?: number;
          "created_by": string;
          "error_message"?: string | null;
          "event_template"?: Json | null;
          "event_type"?: string | null;
          "expires_at"?: number;
          "failed_at"?: number | null;
          "family_id": string;
          "final_event_id"?: string | null;
          "final_signature"?: string | null;
          "incarnation": number;
          "key_package_id": string;
          "message_hash": string;
          "participants": (string)[];
          "ready_at"?: number | null;
          "recipient_public_key"?: string | null;
          "request_id"?: string;
          "status"?: Database["public"]["Enums"]["sss_request_status"];
          "threshold": number;
          "updated_at"?: number;
          "use_case"?: string | null;
        };
        Update: {
          "completed_at"?: number | null;
          "created_at"?: number;
          "created_by"?: string;
          "error_message"?: string | null;
          "event_template"?: Json | null;
          "event_type"?: string | null;
          "expires_at"?: number;
          "failed_at"?: number | null;
          "family_id"?: string;
          "final_event_id"?: string | null;
          "final_signature"?: string | null;
          "incarnation"?: number;
          "key_package_id"?: string;
          "message_hash"?: string;
          "participants"?: (string)[];
          "ready_at"?: number | null;
          "recipient_public_key"?: string | null;
          "request_id"?: string;
          "status"?: Database["public"]["Enums"]["sss_request_status"];
          "threshold"?: number;
          "updated_at"?: number;
          "use_case"?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "sss_signing_requests_key_package_id_fkey";
            columns: ["key_package_id"];
            isOneToOne: false;
            referencedRelation: "frost_key_packages";
            referencedColumns: ["key_package_id"];
          },
        ];
      };
    };
    Views: {
      "frost_refusals": {
        Row: {
          "code": string | null;
          "event": string;
          "event_id": number;
          "family_id": string;
          "occurred_at": number;
          "participant_id": string | null;
          "session_id": string;
        };
        ComputedFields: never;
        Insert: {
          "code"?: never;
          "event"?: string | null;
          "event_id"?: number | null;
          "family_id"?: string | null;
          "occurred_at"?: number | null;
          "participant_id"?: string | null;
          "session_id"?: string | null;
        };
        Update: {
          "code"?: never;
          "event"?: string | null;
          "event_id"?: number | null;
          "family_id"?: string | null;
          "occurred_at"?: number | null;
          "participant_id"?: string | null;
          "session_id"?: string | null;
        };
        Relationships: [];
      };
      "frost_session_durations": {
        Row: {
          "aggregation_ms": number | null;
          "created_at": number;
          "family_id": string;
          "round_one_ms": number | null;
          "round_two_ms": number | null;
          "session_id": string;
          "total_ms": number | null;
        };
        ComputedFields: never;
        Insert: {
          "aggregation_ms"?: never;
          "created_at"?: number | null;
          "family_id"?: string | null;
          "round_one_ms"?: never;
          "round_two_ms"?: never;
          "session_id"?: string | null;
          "total_ms"?: never;
        };
        Update: {
          "aggregation_ms"?: never;
          "created_at"?: number | null;
          "family_id"?: string | null;
          "round_one_ms"?: never;
          "round_two_ms"?: never;
          "session_id"?: string | null;
          "total_ms"?: never;
        };
        Relationships: [];
      };
      "frost_session_statuses": {
        Row: {
          "created_at": number;
          "family_id": string;
          "session_id": string;
          "status": Database["public"]["Enums"]["signing_session_status"] | null;
        };
        ComputedFields: never;
        Relationships: [];
      };
      "frost_sessions_by_hour": {
        Row: {
          "family_id": string;
          "hour": string | null;
          "sessions": number | null;
          "status": Database["public"]["Enums"]["signing_session_status"] | null;
        };
        ComputedFields: never;
        Relationships: [];
      };
      "frost_unhealthy_sessions": {
        Row: {
          "created_at": number | null;
          "family_id": string | null;
          "for_ms": number | null;
          "problem": string | null;
          "session_id": string | null;
        };
        ComputedFields: never;
        Relationships: [];
      };
    };
    Functions: {
      "advance_key_ceremony": {
        Args: {
          "p_ceremony_id": string;
          "p_coordinator_message"?: string;
          "p_key_package"?: Json;
          "p_recovery_data"?: string;
          "p_round": number;
        };
        Returns: Json;
      };
      "approve_key_package": {
        Args: {
          "p_family_id": string;
          "p_key_package_digest": string;
          "p_participant_id"?: string;
          "p_signature"?: string;
        };
        Returns: Json;
      };
      "blame_in_ceremony": {
        Args: {
          "p_against": string;
          "p_ceremony_id": string;
          "p_evidence": Json;
          "p_is_guilty": boolean;
          "p_reporter": string;
        };
        Returns: Json;
      };
      "cleanup_old_frost_signing_sessions": {
        Args: { "retention_days"?: number };
        Returns: number;
      };
      "cleanup_old_key_ceremonies": { Args: { "retention_days"?: number }; Returns: number };
      "cleanup_old_sss_signing_requests": { Args: { "retention_days"?: number }; Returns: number };
      "complete_recovery_request": {
        Args: { "p_final_signature": string; "p_participant_id": string; "p_request_id": string };
        Returns: Json;
      };
      "complete_signing_session": {
        Args: { "p_final_signature": string; "p_session_id": string };
        Returns: Json;
      };
      "create_key_ceremony": {
        Args: {
          "p_ciphersuite"?: string;
          "p_dealers"?: (string)[];
          "p_expiration_seconds"?: number;
          "p_family_id": string;
          "p_kind": string;
          "p_participants": (string)[];
          "p_protocol"?: string;
          "p_threshold": number;
        };
        Returns: Json;
      };
      "create_recovery_request": {
        Args: {
          "p_event_template"?: Json;
          "p_event_type"?: string;
          "p_expiration_seconds"?: number;
          "p_family_id": string;
          "p_message_hash": string;
          "p_participants": (string)[];
          "p_recipient_public_key"?: string;
          "p_threshold": number;
          "p_use_case"?: string;
        };
        Returns: Json;
      };
      "create_signing_session": {
        Args: {
          "p_event_template"?: Json;
          "p_event_type"?: string;
          "p_expiration_seconds"?: number;
          "p_family_id": string;
          "p_message_hash": string;
          "p_participants": (string)[];
          "p_threshold": number;
        };
        Returns: Json;
      };
      "create_signing_sessions": {
        Args: {
          "p_expiration_seconds"?: number;
          "p_family_id": string;
          "p_messages": Json;
          "p_mode"?: Database["public"]["Enums"]["signing_mode"];
          "p_participants": (string)[];
          "p_threshold": number;
        };
        Returns: Json;
      };
      "decline_signing_request": {
        Args: { "p_reason": string; "p_session_id": string };
        Returns: Json;
      };
      "expire_old_frost_signing_sessions": { Args: Record<PropertyKey, never>; Returns: number };
      "expire_old_key_ceremonies": { Args: Record<PropertyKey, never>; Returns: number };
      "expire_old_sss_signing_requests": { Args: Record<PropertyKey, never>; Returns: number };
      "fail_key_ceremony": { Args: { "p_ceremony_id": string; "p_reason": string }; Returns: Json };
      "fail_recovery_request": {
        Args: { "p_reason": string; "p_request_id": string };
        Returns: Json;
      };
      "fail_signing_session": {
        Args: { "p_reason": string; "p_session_id": string };
        Returns: Json;
      };
      "frost_signing_metrics": {
        Args: {
          "p_failure_rate"?: number;
          "p_family_id"?: string;
          "p_one_tap_sessions"?: number;
          "p_proof_days"?: number;
          "p_reuse_attempts"?: number;
          "p_stuck_seconds"?: number;
          "p_window"?: string;
        };
        Returns: Json;
      };
      "get_key_ceremony": { Args: { "p_ceremony_id": string }; Returns: Json };
      "get_key_status": { Args: { "p_family_id": string }; Returns: Json };
      "get_nonce_pool": { Args: { "p_family_id": string }; Returns: Json };
      "get_recovery_data": { Args: { "p_key_package_id": string }; Returns: Json };
      "get_recovery_request": { Args: { "p_request_id": string }; Returns: Json };
      "get_share_checks": { Args: { "p_items": Json; "p_participant_id"?: string }; Returns: Json };
      "get_share_verification": {
        Args: { "p_quorum"?: number; "p_session_id": string };
        Returns: Json;
      };
      "get_signing_package": {
        Args: { "p_quorum"?: number; "p_session_id": string };
        Returns: Json;
      };
      "get_signing_session": { Args: { "p_session_id": string }; Returns: Json };
      "get_signing_sessions": {
        Args: { "p_after"?: number; "p_batch_id"?: string; "p_session_ids"?: (string)[] };
        Returns: Json;
      };
      "get_signing_work": {
        Args: { "p_after"?: string; "p_batch_id"?: string; "p_session_id"?: string };
        Returns: Json;
      };
      "get_transcript": { Args: { "p_subject": string; "p_subject_id": string }; Returns: Json };
      "list_host_keys": { Args: { "p_family_id": string }; Returns: Json };
      "list_key_ceremonies": {
        Args: {
          "p_awaiting_me"?: boolean;
          "p_before"?: number;
          "p_before_id"?: string;
          "p_family_id"?: string;
          "p_limit"?: number;
          "p_status"?: Database["public"]["Enums"]["key_ceremony_status"];
        };
        Returns: Json;
      };
      "list_recovery_requests": {
        Args: {
          "p_awaiting_me"?: boolean;
          "p_before"?: number;
          "p_before_id"?: string;
          "p_family_id"?: string;
          "p_limit"?: number;
          "p_status"?: Database["public"]["Enums"]["sss_request_status"];
        };
        Returns: Json;
      };
      "list_signing_sessions": {
        Args: {
          "p_awaiting_me"?: boolean;
          "p_before"?: number;
          "p_before_id"?: string;
          "p_family_id"?: string;
          "p_limit"?: number;
          "p_status"?: Database["public"]["Enums"]["signing_session_status"];
        };
        Returns: Json;
      };
      "mark_nonce_as_used": { Args: { "p_nonce_commitment": string }; Returns: boolean };
      "people_to_tell": { Args: { "p_event_id": number }; Returns: Json };
      "publish_nonce_commitments": {
        Args: {
          "p_family_id": string;
          "p_nonce_commitments": (string)[];
          "p_participant_id": string;
          "p_valid_suites"?: (string)[];
        };
        Returns: Json;
      };
      "record_ceremony_message": {
        Args: {
          "p_ceremony_id": string;
          "p_participant_id": string;
          "p_payload": Json;
          "p_round": number;
        };
        Returns: Json;
      };
      "record_nonce_commitment": {
        Args: { "p_nonce_commitment": string; "p_participant_id": string; "p_session_id": string };
        Returns: Json;
      };
      "record_nonce_commitments": { Args: { "p_items": Json }; Returns: Json };
      "record_published_event": {
        Args: { "p_event_id": string; "p_session_id": string };
        Returns: Json;
      };
      "record_refused_ceremony_message": {
        Args: {
          "p_ceremony_id": string;
          "p_participant_id": string;
          "p_payload"?: Json;
          "p_reason": string;
          "p_round": number;
        };
        Returns: Json;
      };
      "record_refused_commitment": {
        Args: {
          "p_nonce_commitment"?: string;
          "p_participant_id": string;
          "p_reason": string;
          "p_session_id": string;
        };
        Returns: Json;
      };
      "record_refused_share": {
        Args: {
          "p_participant_id": string;
          "p_quorum"?: number;
          "p_reason": string;
          "p_session_id": string;
          "p_signature_share"?: string;
        };
        Returns: Json;
      };
      "record_signature_share": {
        Args: {
          "p_final_signature"?: string;
          "p_participant_id": string;
          "p_quorum"?: number;
          "p_session_id": string;
          "p_signature_share": string;
        };
        Returns: Json;
      };
      "record_signature_shares": { Args: { "p_items": Json }; Returns: Json };
      "register_host_key": {
        Args: { "p_family_id": string; "p_host_public_key": string; "p_participant_id": string };
        Returns: Json;
      };
      "register_key_package": {
        Args: {
          "p_ciphersuite": string;
          "p_created_by"?: string;
          "p_family_id": string;
          "p_group_public_key": string;
          "p_participants": (string)[];
          "p_threshold": number;
          "p_verifying_shares": (string)[];
          "p_vss_commitment"?: (string)[];
        };
        Returns: Json;
      };
      "reject_recovery_share": {
        Args: {
          "p_ciphertext"?: string;
          "p_guardian_id": string;
          "p_reason": string;
          "p_request_id": string;
        };
        Returns: Json;
      };
      "set_recovery_recipient": {
        Args: { "p_recipient_public_key": string; "p_request_id": string };
        Returns: Json;
      };
      "store_share_verification": {
        Args: { "p_quorum"?: number; "p_session_id": string; "p_verification": Json };
        Returns: boolean;
      };
      "submit_nonce_commitments": {
        Args: { "p_items": Json; "p_memberships": Json; "p_participant_id"?: string };
        Returns: Json;
      };
      "submit_recovery_share": {
        Args: { "p_ciphertext": string; "p_request_id": string };
        Returns: Json;
      };
      "withdraw_nonce_commitments": {
        Args: { "p_family_id": string; "p_nonce_commitments"?: (string)[] };
        Returns: Json;
      };
    };
    Enums: {
      "key_ceremony_status":
        | "round_one"
        | "round_two"
        | "confirming"
        | "completed"
        | "failed"
        | "expired";
      "signing_mode": "two_round" | "robust" | "one_tap";
      "signing_quorum_status": "collecting" | "signing" | "completed" | "abandoned";
      "signing_session_status":
        | "pending"
        | "nonce_collection"
        | "signing"
        | "aggregating"
        | "completed"
        | "failed"
        | "expired";
      "sss_request_status": "pending" | "partial" | "ready" | "completed" | "failed" | "expired";
    };
    CompositeTypes: {
      [_ in never]: never;
    };
  };
};

type DatabaseWithoutInternals = Omit<Database, "__InternalSupabase">;

type DefaultSchema = DatabaseWithoutInternals[Extract<keyof Database, "public">];

export type Tables<
  DefaultSchemaTableNameOrOptions extends
    | keyof (DefaultSchema["Tables"] & DefaultSchema["Views"])
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof (
      & DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
      & DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Views"]
    )
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals } ? (
    & DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    & DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Views"]
  )[TableName] extends {
    Row: infer R;
  } ? R
  : never
  : DefaultSchemaTableNameOrOptions extends keyof (DefaultSchema["Tables"] & DefaultSchema["Views"])
    ? (DefaultSchema["Tables"] & DefaultSchema["Views"])[DefaultSchemaTableNameOrOptions] extends {
      Row: infer R;
    } ? R
    : never
  : never;

export type TablesInsert<
  DefaultSchemaTableNameOrOptions extends
    | keyof DefaultSchema["Tables"]
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"][TableName] extends
    {
      Insert: infer I;
    } ? I
  : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema["Tables"]
    ? DefaultSchema["Tables"][DefaultSchemaTableNameOrOptions] extends {
      Insert: infer I;
    } ? I
    : never
  : never;

export type TablesUpdate<
  DefaultSchemaTableNameOrOptions extends
    | keyof DefaultSchema["Tables"]
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"][TableName] extends
    {
      Update: infer U;
    } ? U
  : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema["Tables"]
    ? DefaultSchema["Tables"][DefaultSchemaTableNameOrOptions] extends {
      Update: infer U;
    } ? U
    : never
  : never;

export type Enums<
  DefaultSchemaEnumNameOrOptions extends
    | keyof DefaultSchema["Enums"]
    | { schema: keyof DatabaseWithoutInternals },
  EnumName extends DefaultSchemaEnumNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions["schema"]]["Enums"]
    : never = never,
> = DefaultSchemaEnumNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions["schema"]]["Enums"][EnumName]
  : DefaultSchemaEnumNameOrOptions extends keyof DefaultSchema["Enums"]
    ? DefaultSchema["Enums"][DefaultSchemaEnumNameOrOptions]
  : never;

export type CompositeTypes<
  PublicCompositeTypeNameOrOptions extends
    | keyof DefaultSchema["CompositeTypes"]
    | { schema: keyof DatabaseWithoutInternals },
  CompositeTypeName extends PublicCompositeTypeNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions["schema"]]["CompositeTypes"]
    : never = never,
> = PublicCompositeTypeNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions["schema"]]["CompositeTypes"][
    CompositeTypeName
  ]
  : PublicCompositeTypeNameOrOptions extends keyof DefaultSchema["CompositeTypes"]
    ? DefaultSchema["CompositeTypes"][PublicCompositeTypeNameOrOptions]
  : never;

export const Constants = {
  "public": {
    Enums: {
      "key_ceremony_status": [
        "round_one",
        "round_two",
        "confirming",
        "completed",
        "failed",
        "expired",
      ],
      "signing_mode": ["two_round", "robust", "one_tap"],
      "signing_quorum_status": ["collecting", "signing", "completed", "abandoned"],
      "signing_session_status": [
        "pending",
        "nonce_collection",
        "signing",
        "aggregating",
        "completed",
        "failed",
        "expired",
      ],
      "sss_request_status": ["pending", "partial", "ready", "completed", "failed", "expired"],
    },
  },
} as const;
