/** The order in which a database's objects are written: as they are given, but what one needs before it. */

/** A statement without its semicolon. */
export interface Statement {
  /** The object that it belongs to, by the `key` of the statement that makes that. */
  readonly object: string;
  readonly kind: "schema" | "type" | "table" | "function" | "view";
  /** The object's name, with its schema. */
  readonly name: string;
  /** What the statement does for its object; those of one place are alike. */
  readonly place: number;
  /** What it makes, unless that is nothing that others can need. */
  readonly key: string | null;
  readonly text: string;
}

/** One thing has to be there before another. */
export interface Need {
  readonly key: string;
  readonly needed: string;
}

/** Statements to write together: an object, or what of it has to come later. */
export type Group = readonly Statement[];

/**
 * Groups statements by their objects, so that each runs after what it needs. A policy, trigger or index that
 * uses something that needs its own table is a group of its own, after both.
 */
export function inOrder(statements: readonly Statement[], needs: readonly Need[]): Group[] {
  const groups = inGroups(statements, needs);
  const groupOf = new Map(groups.flatMap((group) => group.map(({ key }) => [key, group])));
  const needed = neededBy(needs);
  const ordered = new Set<Group>();
  const visited = new Set<Group>();
  const place = (group: Group) => {
    if (visited.has(group)) return;
    visited.add(group);
    const before = group.flatMap(({ object, key }) => [object, ...needed(key)])
      .map((key) => groupOf.get(key));
    groups.filter((other) => before.includes(other)).forEach(place);
    ordered.add(group);
  };
  groups.forEach(place);
  return [...ordered];
}

function inGroups(statements: readonly Statement[], needs: readonly Need[]): Group[] {
  const needed = neededBy(needs);
  const objects = Map.groupBy(statements, ({ object }) => object);
  const keysOf = (key: string) => objects.get(key)?.map((statement) => statement.key) ?? [key];

  /** Whether a statement uses something that needs the statement's object. */
  const isLate = ({ object, key }: Statement) => {
    if (key === object) return false;
    const seen = new Set([object]);
    const reaches = (key: string | null): boolean =>
      needed(key).some((next) => {
        if (seen.has(next)) return false;
        seen.add(next);
        return keysOf(next).some((key) => needed(key).includes(object) || reaches(key));
      });
    return reaches(key);
  };

  return [...objects.values()].flatMap((object) => {
    const { late = [], soon = [] } = Object.groupBy(
      object,
      (statement) => isLate(statement) ? "late" : "soon",
    );
    return [soon, ...late.map((statement) => [statement])].filter((group) => group.length > 0);
  });
}

function neededBy(needs: readonly Need[]): (key: string | null) => string[] {
  const all = Map.groupBy(needs, ({ key }) => key);
  return (key) => key === null ? [] : all.get(key)?.map(({ needed }) => needed) ?? [];
}
