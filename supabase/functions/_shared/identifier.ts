/**
 * What a family, a participant or a session may be called: the rule the database has too
 * (`permafrost.is_identifier`), for the functions and for the dealer.
 *
 * @module
 */

/** Text the database can hold as it is: no NUL and no lone surrogate, which JSON can smuggle in. */
export function isStorable(text: string): boolean {
  return !/\0|\p{Surrogate}/u.test(text);
}

/** 1 to 255 characters, none of them control characters. */
export function isIdentifier(text: string): boolean {
  const length = [...text].length;
  return length >= 1 && length <= 255 && isStorable(text) && !/\p{Cc}/u.test(text);
}
