//! Reads JSON, so that the crate needs no other. Where a registry is at hand, `serde_json` does more.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::str::Chars;

/// A value of JSON.
#[derive(Debug, PartialEq)]
pub enum Value {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Value>),
    Object(BTreeMap<String, Value>),
}

impl Value {
    /// A member of an object.
    pub fn get(&self, name: &str) -> Option<&Value> {
        if let Value::Object(members) = self { members.get(name) } else { None }
    }

    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        if let Value::Text(text) = self { Some(text) } else { None }
    }

    /// The number, if it is one.
    pub fn number(&self) -> Option<f64> {
        if let Value::Number(number) = self { Some(*number) } else { None }
    }
}

/// The deepest nesting that is read.
const DEPTH_MAX: u32 = 100;

/// Reads one value and nothing after it.
pub fn parse(text: &str) -> Result<Value, String> {
    let mut reader = Reader { rest: text.chars().peekable() };
    let value = reader.value(0)?;
    match reader.next_sign() {
        None => Ok(value),
        Some(sign) => Err(format!("`{sign}` after the JSON value")),
    }
}

struct Reader<'text> {
    rest: Peekable<Chars<'text>>,
}

impl Reader<'_> {
    fn value(&mut self, depth: u32) -> Result<Value, String> {
        if depth > DEPTH_MAX {
            return Err("the JSON is nested too deeply".into());
        }
        match self.next_sign().ok_or("the JSON ends too early")? {
            '{' => self.object(depth),
            '[' => self.list(depth),
            '"' => Ok(Value::Text(self.string()?)),
            first if first == '-' || first.is_ascii_alphanumeric() => self.word(first),
            other => Err(format!("`{other}` begins no JSON value")),
        }
    }

    fn object(&mut self, depth: u32) -> Result<Value, String> {
        let mut members = BTreeMap::new();
        let mut sign = self.next_sign();
        while sign != Some('}') {
            if sign != Some('"') {
                return Err("a name is missing in a JSON object".into());
            }
            let name = self.string()?;
            if self.next_sign() != Some(':') {
                return Err(format!("`:` is missing after `{name}`"));
            }
            members.insert(name, self.value(depth + 1)?);
            sign = self.next_sign();
            if sign == Some(',') {
                sign = self.next_sign().filter(|sign| *sign != '}');
            } else if sign != Some('}') {
                return Err("a JSON object does not end".into());
            }
        }
        Ok(Value::Object(members))
    }

    fn list(&mut self, depth: u32) -> Result<Value, String> {
        let mut values = Vec::new();
        self.skip_blanks();
        if self.rest.next_if_eq(&']').is_some() {
            return Ok(Value::List(values));
        }
        loop {
            values.push(self.value(depth + 1)?);
            match self.next_sign() {
                Some(',') => continue,
                Some(']') => return Ok(Value::List(values)),
                _ => return Err("a JSON list does not end".into()),
            }
        }
    }

    /// The rest of a text, behind its first quotation mark.
    fn string(&mut self) -> Result<String, String> {
        let mut text = String::new();
        loop {
            match self.rest.next().ok_or("a JSON text does not end")? {
                '"' => return Ok(text),
                '\\' => text.push(self.escaped()?),
                sign => text.push(sign),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, String> {
        match self.rest.next() {
            Some('n') => Ok('\n'),
            Some('t') => Ok('\t'),
            Some('r') => Ok('\r'),
            Some('b') => Ok('\u{8}'),
            Some('f') => Ok('\u{c}'),
            Some('u') => self.code_point(),
            Some(sign @ ('"' | '\\' | '/')) => Ok(sign),
            _ => Err("a JSON text has an escape that is unknown".into()),
        }
    }

    /// What stands behind `\u`: one unit of UTF-16, or two of them.
    fn code_point(&mut self) -> Result<char, String> {
        let mut units = vec![self.unit()?];
        if (0xd800..0xdc00).contains(&units[0]) {
            if self.rest.next() != Some('\\') || self.rest.next() != Some('u') {
                return Err("half of a character stands alone in a JSON text".into());
            }
            units.push(self.unit()?);
        }
        let mut decoded = char::decode_utf16(units);
        decoded.next().and_then(Result::ok).ok_or_else(|| "no character in a JSON text".into())
    }

    fn unit(&mut self) -> Result<u16, String> {
        let digits: String = self.rest.by_ref().take(4).collect();
        u16::from_str_radix(&digits, 16).map_err(|_| format!("`\\u{digits}` in a JSON text"))
    }

    fn word(&mut self, first: char) -> Result<Value, String> {
        let mut word = String::from(first);
        while let Some(sign) = self.rest.next_if(|sign| sign.is_ascii_alphanumeric() || "+-.".contains(*sign)) {
            word.push(sign);
        }
        match word.as_str() {
            "null" => Ok(Value::Null),
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => word.parse().map(Value::Number).map_err(|_| format!("`{word}` is no JSON value")),
        }
    }

    fn next_sign(&mut self) -> Option<char> {
        self.skip_blanks();
        self.rest.next()
    }

    fn skip_blanks(&mut self) {
        while self.rest.next_if(|sign| " \t\r\n".contains(*sign)).is_some() {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        let read = parse(r#" {"a": [1, -2.5e1, "\u00e4\ud83d\ude00\n"], "b": {}, "c": [], "d": null } "#).unwrap();
        let list = vec![Value::Number(1.0), Value::Number(-25.0), Value::Text("ä😀\n".into())];
        assert_eq!(read.get("a"), Some(&Value::List(list)));
        assert_eq!(read.get("b"), Some(&Value::Object(BTreeMap::new())));
        assert_eq!(read.get("c"), Some(&Value::List(vec![])));
        assert_eq!(read.get("d"), Some(&Value::Null));
    }

    #[test]
    fn faults() {
        for text in ["", "{", "{\"a\"}", "{\"a\":1,}", "[1", "[1,]", "\"a", "\"\\q\"", "\"\\ud800\"", "nul", "1 2"] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse(&"[".repeat(1000)).is_err());
    }
}
