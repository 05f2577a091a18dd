//! What of a profile is not kept: what Chromium makes anew by itself, and what says that a browser runs on it.
//!
//! Whatever is not in the table is kept. The link to the phone is in `Default/IndexedDB` and `Default/Local Storage`;
//! `Local State`, `Default/Preferences` and the cookies are what Chromium itself does not start well without.

use std::path::Path;

/// A name that is left out wherever it stands, and why.
const NAMES: [(&str, &str); 26] = [
    ("Cache", "answers of servers; loaded again"),
    ("Code Cache", "compiled scripts; compiled again"),
    ("GPUCache", "compiled shaders; compiled again"),
    ("GrShaderCache", "compiled shaders; compiled again"),
    ("ShaderCache", "compiled shaders; compiled again"),
    ("DawnCache", "compiled shaders; compiled again"),
    ("DawnGraphiteCache", "compiled shaders; compiled again"),
    ("DawnWebGPUCache", "compiled shaders; compiled again"),
    ("GraphiteDawnCache", "compiled shaders; compiled again"),
    (
        "Shared Dictionary",
        "dictionaries of servers' compression; loaded again",
    ),
    (
        "Service Worker",
        "the page's own copy of its files; it registers and loads them again",
    ),
    ("blob_storage", "large values of a page that is open; none is"),
    ("Crashpad", "reports of crashes; nobody reads them"),
    ("Crash Reports", "reports of crashes; nobody reads them"),
    ("BrowserMetrics", "measurements that are never sent"),
    (
        "BrowserMetrics-spare.pma",
        "room for measurements that are never sent",
    ),
    ("DeferredBrowserMetrics", "measurements that are never sent"),
    ("component_crx_cache", "parts of Chromium that it loads again"),
    ("extensions_crx_cache", "extensions; there are none"),
    ("Safe Browsing", "lists that are loaded again"),
    ("optimization_guide_model_store", "models that are loaded again"),
    ("chrome_debug.log", "a log"),
    ("DevToolsActivePort", "says where a running browser listens"),
    ("SingletonLock", "says that a browser runs on the profile"),
    ("SingletonCookie", "says that a browser runs on the profile"),
    ("SingletonSocket", "says that a browser runs on the profile"),
];

/// Whether a file or folder of a profile is left out.
pub(super) fn leaves_out(path: &Path) -> bool {
    let Some(name) = path.file_name() else {
        return false;
    };
    NAMES.iter().any(|(left_out, _)| name == *left_out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_links_a_phone_is_kept() {
        for kept in [
            "Local State",
            "Default/Preferences",
            "Default/Cookies",
            "Default/Local Storage/leveldb/000003.log",
            "Default/IndexedDB/https_web.whatsapp.com_0.indexeddb.leveldb",
            "Default/IndexedDB/https_web.whatsapp.com_0.indexeddb.blob",
            "Default/WebStorage/QuotaManager",
        ] {
            assert!(!leaves_out(Path::new(kept)), "{kept}");
        }
    }

    #[test]
    fn every_name_has_a_reason_and_stands_once() {
        for (i, (name, reason)) in NAMES.iter().enumerate() {
            assert!(!reason.is_empty() && NAMES[..i].iter().all(|(other, _)| other != name));
            assert!(leaves_out(&Path::new("Default").join(name)) && leaves_out(Path::new(name)));
        }
    }
}
