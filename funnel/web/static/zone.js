// Says once in which time zone this browser is: from the next page on, moments are told in it.

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const isSecure = location.protocol === "https:" ? "; secure" : "";

if (zone) document.cookie = `zone=${encodeURIComponent(zone)}; path=/studio; max-age=31536000; samesite=lax${isSecure}`;
