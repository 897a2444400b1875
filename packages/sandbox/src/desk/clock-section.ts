import { type Html, html } from "../http/html.ts";
import { deskForm, textField } from "./forms.ts";
import type { DeskVisit } from "./visit.ts";
import { durationText, instantText } from "./words.ts";

const steps = ["1m", "31m", "1d", "61d"] as const;

/** The sandbox's time, and who follows it. */
export function clockNow({ control, nowMs }: DeskVisit): Html {
  const { offsetMs, followers } = control.clock();
  return html`
    <p class="now"><time id="now">${instantText(nowMs)}</time> UTC</p>
    <p>${offsetMs === 0 ? "Real time." : `${durationText(Math.round(offsetMs / 1000) * 1000)} ahead of real time.`} ${
      followers.length === 0
        ? "No process follows this clock."
        : `Following: ${followers.map(({ id, idle }) => `${id} (${idle ? "idle" : "busy"})`).join(", ")}.`
    }</p>`;
}

/** Moves time forward: by a step, by any duration, or to an instant. */
export const clockForm = ({ value }: DeskVisit): Html => html`
    <div class="buttons">${steps.map((by) => deskForm("clock/advance", html`<input type="hidden" name="by" value="${by}"><button type="submit">+ ${by}</button>`))}</div>
    ${deskForm(
      "clock/advance",
      html`${textField("by", "by", { value: value("by"), hint: "90s, 31m, 2h, 61d" })}
      ${textField("to", "or to", { value: value("to"), hint: "2027-01-31T09:00:00Z" })}
      <button type="submit">Move time</button>`,
    )}`;
