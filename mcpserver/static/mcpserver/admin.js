// What the admin's theme leaves out for those who use a keyboard or a screen reader.

// The search fields of select2, which come and go, take the label of the field that they belong to.
function labelSearchFields() {
  for (const search of document.querySelectorAll(".select2-search__field:not([aria-label])")) {
    const select = search.closest(".select2")?.previousElementSibling;
    search.setAttribute("aria-label", select?.labels[0]?.textContent.trim() ?? "Search");
  }
}

// Buttons that are links to nowhere can be reached and pressed.
function makeReachable(link) {
  link.tabIndex = 0;
  link.role = "button";
  link.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      link.click();
    }
  });
}

document.addEventListener("DOMContentLoaded", () => {
  labelSearchFields();
  new MutationObserver(labelSearchFields).observe(document.body, { childList: true, subtree: true });
  document.querySelectorAll("a[x-on\\:click]:not([href])").forEach(makeReachable);
});
