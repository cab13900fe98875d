"use strict";
const rows = document.getElementById("runs");
async function show() {
  const { runs } = await (await fetch("api/runs")).json();
  rows.replaceChildren(...runs.map(run => {
    const row = document.createElement("tr");
    for (const text of [run.name, run.state, `${run.step} / ${run.total_steps}`, run.loss ?? ""]) row.insertCell().textContent = text;
    return row;
  }));
}
show();
setInterval(show, 1000);
