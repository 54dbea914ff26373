import assert from "node:assert/strict";
import { freshDatabase } from "../../tests/harness.ts";
import { familyOf, participantOf } from "./caller.ts";
import { Refusal } from "./errors.ts";
import type { Context } from "./http.ts";

type Claims = Context["jwtClaims"];

/** Claims, and who the caller is by them; both rules are put to each. */
const CASES:
  readonly (readonly [claims: Record<string, unknown>, family?: string, who?: string])[] = [
    [{}],
    [{ sub: "s" }, undefined, "s"],
    [{ sub: "" }],
    [{ sub: null }],
    [{ sub: "s", family_id: "f", participant_id: "p" }, "f", "p"],
    [{ sub: "s", app_metadata: { family_id: "f", participant_id: "p" } }, "f", "p"],
    [
      {
        family_id: "top",
        participant_id: "top",
        app_metadata: { family_id: "f", participant_id: "p" },
      },
      "top",
      "top",
    ],
    [{ sub: "s", family_id: "top", app_metadata: { participant_id: "p" } }, "top", "p"],
    [{ sub: "s", participant_id: "top", app_metadata: { family_id: "f" } }, "f", "top"],
    [
      {
        sub: "s",
        family_id: "",
        participant_id: "",
        app_metadata: { family_id: "f", participant_id: "p" },
      },
      "f",
      "p",
    ],
    [{ sub: "s", app_metadata: { family_id: "", participant_id: "" } }, undefined, "s"],
    [
      {
        sub: "s",
        family_id: 7,
        participant_id: true,
        app_metadata: { family_id: "f", participant_id: "p" },
      },
      "f",
      "p",
    ],
    [{ sub: "s", family_id: ["f"], participant_id: { p: 1 } }, undefined, "s"],
    [{ sub: "s", family_id: null, app_metadata: { family_id: null } }, undefined, "s"],
    [{ sub: "s", app_metadata: null }, undefined, "s"],
    [{ sub: "s", app_metadata: "f" }, undefined, "s"],
    [{ sub: "s", app_metadata: ["f"] }, undefined, "s"],
    [{ sub: "s", app_metadata: [{ family_id: "f" }] }, undefined, "s"],
    [{ sub: "s", app_metadata: { family_id: 7, participant_id: ["p"] } }, undefined, "s"],
    [{ sub: "s", user_metadata: { family_id: "f", participant_id: "p" } }, undefined, "s"],
    [
      { sub: "s", app_metadata: {}, user_metadata: { family_id: "f", participant_id: "p" } },
      undefined,
      "s",
    ],
    [{ sub: "s", Family_Id: "f", app_metadata: { Participant_Id: "p" } }, undefined, "s"],
    [{ sub: "s", family_id: " ", participant_id: " " }, " ", " "],
    [{ sub: "s", family_id: "❄", participant_id: "a\u0301" }, "❄", "a\u0301"],
    [
      JSON.parse('{"sub": "s", "__proto__": {"family_id": "f", "participant_id": "p"}}'),
      undefined,
      "s",
    ],
    [JSON.parse('{"sub": "s", "app_metadata": {"__proto__": {"family_id": "f"}}}'), undefined, "s"],
  ];

function participantOrNone(claims: Claims): string | undefined {
  try {
    return participantOf(claims);
  } catch (error) {
    assert.ok(error instanceof Refusal && error.code === "unauthorized");
  }
}

Deno.test("functions and database agree on who a caller is", async () => {
  await using database = await freshDatabase();
  for (const [claims, family, participant] of CASES) {
    const text = JSON.stringify(claims);
    const parsed: Claims = JSON.parse(text);
    assert.equal(familyOf(parsed), family, text);
    assert.equal(participantOrNone(parsed), participant, text);
    const [row] = await database.sql.begin(async (sql) => {
      await sql`select set_config('request.jwt.claims', ${text}, true)`;
      return await sql`
        select permafrost.current_family_id() as family,
          permafrost.current_participant_id() as participant`;
    });
    assert.deepEqual([row.family, row.participant], [family ?? null, participant ?? null], text);
  }
});

Deno.test("without claims there is no family and no participant", () => {
  for (const none of [null, undefined]) {
    assert.equal(familyOf(none as Claims), undefined);
    assert.equal(participantOrNone(none as Claims), undefined);
  }
});
