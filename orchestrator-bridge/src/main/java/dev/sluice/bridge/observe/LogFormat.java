package dev.sluice.bridge.observe;

/// How lines of the log look.
public enum LogFormat {
    /// `key=value`, values with blanks in quotation marks.
    TEXT,
    /// One JSON object a line.
    JSON,
    /// No lines.
    OFF
}
