// The script that every page loads: it starts what the page has.
export {};
