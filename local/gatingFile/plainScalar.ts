/**
 * What Pulumi makes of a scalar that stands in a YAML file without quotes and tag. Its reader knows more numbers than YAML
 * 1.2 does, and times: `010` is 8, `1_000` is 1000, `2026-12-20` becomes another text. Measured with its command line.
 */
export function asPulumiReads(source: string): string | number | boolean | null {
  if (["", "~", "null", "Null", "NULL"].includes(source)) return null;
  if (["true", "True", "TRUE"].includes(source)) return true;
  if (["false", "False", "FALSE"].includes(source)) return false;
  const special = /^([-+]?)\.(inf|Inf|INF)$/.exec(source);
  if (special !== null) return special[1] === "-" ? -Infinity : Infinity;
  if ([".nan", ".NaN", ".NAN"].includes(source)) return NaN;
  return /^[-+\d]/.test(source)
    ? (timeOf(source) ?? numberOf(source.replaceAll("_", "")) ?? source)
    : // Underscores only count where a digit or sign comes first.
      /^\.\d/.test(source)
      ? (numberOf(source) ?? source)
      : source;
}

const TIME = /^(\d{4})-(\d\d?)-(\d\d?)(?:[Tt ](\d\d?):(\d\d?):(\d\d?)(\.\d*)?(Z|[-+]\d\d:\d\d)?)?$/;

/** As Pulumi writes a time; null: it is none. With an offset only that it is one matters: it is written otherwise. */
function timeOf(source: string): string | null {
  const found = TIME.exec(source);
  if (found === null) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = found
    .slice(1, 7)
    .map((part) => Number(part ?? 0));
  const at = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  const isReal =
    at.getUTCMonth() === month - 1 && at.getUTCDate() === day && hour < 24 && minute < 60;
  return isReal && second < 60
    ? `${at.toISOString().slice(0, 19).replace("T", " ")} +0000 UTC`
    : null;
}

const INTEGER = /^([-+]?)(?:0[xX]([\da-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9]\d*))$/;
const FLOAT = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/;
const LARGEST = 2n ** 64n;

function numberOf(digits: string): number | null {
  const found = INTEGER.exec(digits);
  if (found !== null) {
    const [, sign = "", hex, binary, octal, decimal = "0"] = found;
    const value = BigInt(
      hex !== undefined
        ? `0x${hex}`
        : binary !== undefined
          ? `0b${binary}`
          : octal !== undefined
            ? `0o${octal}`
            : decimal,
    );
    if (value < LARGEST) return Number(sign === "-" ? -value : value);
  }
  if (!FLOAT.test(digits)) return null;
  const value = Number(digits);
  return Number.isFinite(value) ? value : null;
}
