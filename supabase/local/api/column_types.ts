// @ts-types="./pg.d.ts"
import pg from "pg";

type Parser = (text: string) => unknown;

/** The object ids of PostgreSQL's own types never change (src/include/catalog/pg_type.dat). */
const TYPE = { bigint: 20, numeric: 1700, json: 114, jsonb: 3802, textArray: 1009 };

/** date, time, timestamp, timestamptz, interval, timetz: as PostgreSQL writes them. */
const TIMES = [1082, 1083, 1114, 1184, 1186, 1266];
/** Of those, and of names, which is what the catalog is full of. */
const ARRAYS = [1182, 1183, 1115, 1185, 1187, 1270, 1003];

const PARSERS = new Map<number, Parser>([
  [TYPE.bigint, parseBigint],
  [TYPE.numeric, parseNumeric],
  [TYPE.json, JSON.parse],
  [TYPE.jsonb, JSON.parse],
  ...TIMES.map((type): [number, Parser] => [type, (text) => text]),
  ...ARRAYS.map((type): [number, Parser] => [type, textArray()]),
]);

/** How a column becomes what Lite makes JSON of: the same types that its own driver is told. */
export function parserOf(type: number): Parser {
  return PARSERS.get(type) ?? pg.types.getTypeParser(type, "text");
}

function textArray(): Parser {
  return pg.types.getTypeParser(TYPE.textArray, "text");
}

function parseBigint(text: string): number | bigint {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
}

function parseNumeric(text: string): number | string {
  const number = Number(text);
  return Number.isFinite(number) && String(number) === text ? number : text;
}
