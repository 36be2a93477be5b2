import { SettingError } from "../settings/environment.ts";
import { text, wholeNumber, type SqliteFile } from "./sqliteFile.ts";

/** Whose incidents and approvals a ledger tells of: the addresses of both. */
export interface Partners {
  pagerDuty: string;
  cheqpoint: string;
  /** The accounts are those that the ledger was made for, at other addresses. Default false. */
  moved?: boolean;
}

/** Their addresses change with the ports, but the accounts are those of the data folder. */
export const EMULATORS: Partners = { pagerDuty: "emulator", cheqpoint: "emulator" };

/**
 * Refuses a ledger that was made for others: its open proposals would be read, run and paged about in accounts that they
 * have nothing to do with. A new ledger belongs to whoever opens it first.
 */
export function requirePartners(db: SqliteFile, file: string, partners: Partners): void {
  const asked = { pagerDuty: written(partners.pagerDuty), cheqpoint: written(partners.cheqpoint) };
  const row = db.first("SELECT pagerDuty, cheqpoint FROM partners");
  if (row === null) {
    db.run(
      "INSERT INTO partners (id, pagerDuty, cheqpoint) VALUES (1, ?, ?)",
      asked.pagerDuty,
      asked.cheqpoint,
    );
    return;
  }
  const found = { pagerDuty: text(row, "pagerDuty"), cheqpoint: text(row, "cheqpoint") };
  if (found.pagerDuty === asked.pagerDuty && found.cheqpoint === asked.cheqpoint) {
    return;
  }
  const mayMove =
    partners.moved === true &&
    found.pagerDuty !== EMULATORS.pagerDuty &&
    asked.pagerDuty !== EMULATORS.pagerDuty;
  const open = mayMove ? openProposals(db) : 0;
  if (open > 0) {
    throw new SettingError(
      `${file} holds ${open} open ${open === 1 ? "proposal" : "proposals"} for ${described(found)}: start the gate with those addresses, let them end or withdraw them (\`gate void\`), then set \`GATE_ADDRESSES_MOVED\` again`,
    );
  }
  if (mayMove) {
    db.run("UPDATE partners SET pagerDuty = ?, cheqpoint = ?", asked.pagerDuty, asked.cheqpoint);
  } else {
    throw new SettingError(
      `${file} was made for ${described(found)}, this gate works with ${described(asked)}: set \`GATE_DATA_DIR\` to another folder, or the addresses to those`,
    );
  }
}

function openProposals(db: SqliteFile): number {
  const row = db.first("SELECT count(*) AS open FROM proposals WHERE open = 1");
  return row === null ? 0 : wholeNumber(row, "open");
}

function written(address: string): string {
  return URL.canParse(address) ? new URL(address).href.replace(/\/+$/, "") : address;
}

function described({ pagerDuty, cheqpoint }: Partners): string {
  return pagerDuty === EMULATORS.pagerDuty
    ? "the emulators of `npm start`"
    : `PagerDuty at ${pagerDuty} and Cheqpoint at ${cheqpoint}`;
}
