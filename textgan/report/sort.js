"use strict";
// A click on a column's head sorts the rows of a table by it, the other way round, and as they were. What is no number stays last.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const heads = [...table.querySelectorAll("th[scope=col]")];
  const number = (text) => {
    const plain = text.replace(/[\u2212]/g, "-").replace(/[,+±<]/g, "");
    return plain.startsWith("∞") ? Infinity : plain.startsWith("-∞") ? -Infinity : parseFloat(plain);
  };
  for (const head of heads) {
    const column = head.dataset.column;
    const key = (row) => row.cells[column].textContent.trim();
    const words = rows.every((row) => Number.isNaN(number(key(row))));
    const turns = words ? ["none", "ascending", "descending"] : ["none", "descending", "ascending"];
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.setAttribute("aria-label", `${head.dataset.name || head.textContent}: sort`);
    head.append(button);
    head.setAttribute("aria-sort", "none");
    button.addEventListener("click", () => {
      const order = turns[(turns.indexOf(head.getAttribute("aria-sort")) + 1) % 3];
      for (const other of heads) other.setAttribute("aria-sort", other === head ? order : "none");
      const sign = order === "ascending" ? 1 : -1;
      const compare = (a, b) => {
        if (words) return sign * key(a).localeCompare(key(b));
        const [x, y] = [number(key(a)), number(key(b))];
        if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y);
        return x === y ? 0 : x < y ? -sign : sign;
      };
      body.append(...(order === "none" ? rows : [...rows].sort(compare)));
    });
  }
}
