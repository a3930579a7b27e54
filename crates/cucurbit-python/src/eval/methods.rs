//! Methods of Python's own values.

use super::Evaluated;
use super::expressions::MAX_TEXT;
use super::host::{Arguments, Host, Place};
use super::operate::{is_outside, key, sorted};
use super::run::Evaluator;
use super::value::Value;
use std::rc::Rc;

impl<H: Host> Evaluator<'_, H> {
    pub(super) fn call_native(
        &mut self,
        receiver: &Value,
        name: &str,
        arguments: &Arguments,
        place: Place,
    ) -> Evaluated<Value> {
        let result = match receiver {
            Value::Str(text) => self.text_call(&Rc::clone(text), name, arguments, place),
            Value::List(_) | Value::Tuple(_) => self.list_call(receiver, name, arguments, place)?,
            Value::Dict(_) => self.dict_call(receiver, name, arguments, place)?,
            Value::Set(_) => self.set_call(receiver, name, arguments, place),
            Value::Bytes(bytes) if name == "decode" => std::str::from_utf8(bytes).ok().map(Value::str),
            _ => None,
        };
        Ok(result
            .unwrap_or_else(|| Value::unknown(&format!("what `{name}` gives cannot be told"), Some(place))))
    }

    fn text_call(&mut self, text: &str, name: &str, arguments: &Arguments, place: Place) -> Option<Value> {
        let argument = |at: usize| arguments.positional.get(at);
        let word = |at: usize| argument(at).and_then(Value::as_str);
        let string = |text: String| (text.len() <= MAX_TEXT).then(|| Value::Str(Rc::from(text)));
        let strings = |parts: Vec<&str>| Some(Value::list(parts.into_iter().map(Value::str).collect()));
        let strip = |chars: Option<&str>, start: bool, end: bool| {
            let test = |c: char| chars.map_or(c.is_whitespace(), |chars| chars.contains(c));
            let mut text = text;
            if start {
                text = text.trim_start_matches(test);
            }
            if end {
                text = text.trim_end_matches(test);
            }
            Some(Value::str(text))
        };
        match name {
            "format" => Some(self.str_format(text, arguments, place)),
            "format_map" => {
                let Some(Value::Dict(dict)) = argument(0) else { return None };
                let keywords = dict
                    .borrow()
                    .iter()
                    .filter_map(|(k, v)| k.as_str().map(|k| (Rc::from(k), v.clone())))
                    .collect();
                Some(self.str_format(text, &Arguments { keywords, ..Default::default() }, place))
            }
            "join" => {
                let items = self.items(argument(0)?)?;
                let mut parts = Vec::with_capacity(items.len());
                for item in &items {
                    parts.push(item.as_str()?.to_owned());
                }
                string(parts.join(text))
            }
            "split" | "rsplit" => {
                let limit = match argument(1).or_else(|| arguments.keyword("maxsplit")) {
                    Some(Value::Int(limit)) => usize::try_from(*limit).ok(),
                    Some(_) => return None,
                    None => None,
                };
                match (argument(0).or_else(|| arguments.keyword("sep")), limit) {
                    (None | Some(Value::None), None) => strings(text.split_whitespace().collect()),
                    (Some(Value::Str(separator)), None) => strings(text.split(separator.as_ref()).collect()),
                    (Some(Value::Str(separator)), Some(limit)) if name == "split" => {
                        strings(text.splitn(limit + 1, separator.as_ref()).collect())
                    }
                    (Some(Value::Str(separator)), Some(limit)) => {
                        let mut parts: Vec<&str> = text.rsplitn(limit + 1, separator.as_ref()).collect();
                        parts.reverse();
                        strings(parts)
                    }
                    _ => None,
                }
            }
            "splitlines" => strings(text.lines().collect()),
            "replace" => string(text.replace(word(0)?, word(1)?)),
            "strip" => strip(word(0), true, true),
            "lstrip" => strip(word(0), true, false),
            "rstrip" => strip(word(0), false, true),
            "removeprefix" => Some(Value::str(text.strip_prefix(word(0)?).unwrap_or(text))),
            "removesuffix" => Some(Value::str(text.strip_suffix(word(0)?).unwrap_or(text))),
            "upper" => string(text.to_uppercase()),
            "lower" | "casefold" => string(text.to_lowercase()),
            "title" | "capitalize" => {
                let mut start = true;
                let out: String = text
                    .chars()
                    .flat_map(|c| {
                        let upper = start && (name == "title" || c.is_alphabetic());
                        start = name == "title" && !c.is_alphabetic();
                        let mapped: Vec<char> =
                            if upper { c.to_uppercase().collect() } else { c.to_lowercase().collect() };
                        mapped
                    })
                    .collect();
                string(out)
            }
            "startswith" | "endswith" => {
                let candidates =
                    argument(0)?.sequence().unwrap_or_else(|| vec![arguments.positional[0].clone()]);
                let mut any = false;
                for candidate in &candidates {
                    let part = candidate.as_str()?;
                    any |= if name == "startswith" { text.starts_with(part) } else { text.ends_with(part) };
                }
                Some(Value::Bool(any))
            }
            "find" | "index" => {
                let at = text.find(word(0)?).map(|at| text[..at].chars().count());
                match at {
                    Some(at) => i64::try_from(at).ok().map(Value::Int),
                    None if name == "find" => Some(Value::Int(-1)),
                    None => None,
                }
            }
            "count" => i64::try_from(text.matches(word(0)?).count()).ok().map(Value::Int),
            "isdigit" => Some(Value::Bool(!text.is_empty() && text.chars().all(|c| c.is_ascii_digit()))),
            "isupper" => Some(Value::Bool(
                text.chars().any(char::is_uppercase) && !text.chars().any(char::is_lowercase),
            )),
            "islower" => Some(Value::Bool(
                text.chars().any(char::is_lowercase) && !text.chars().any(char::is_uppercase),
            )),
            "zfill" => match argument(0)? {
                Value::Int(width) => {
                    string(format!("{text:0>width$}", width = usize::try_from(*width).ok()?.min(10_000)))
                }
                _ => None,
            },
            "partition" | "rpartition" => {
                let separator = word(0)?;
                let split = if name == "partition" {
                    text.split_once(separator)
                } else {
                    text.rsplit_once(separator)
                };
                let parts = match (split, name) {
                    (Some((a, b)), _) => [a, separator, b],
                    (None, "partition") => [text, "", ""],
                    (None, _) => ["", "", text],
                };
                Some(Value::Tuple(parts.into_iter().map(Value::str).collect()))
            }
            "encode" => Some(Value::Bytes(text.as_bytes().into())),
            _ => None,
        }
    }

    fn list_call(
        &mut self,
        receiver: &Value,
        name: &str,
        arguments: &Arguments,
        place: Place,
    ) -> Evaluated<Option<Value>> {
        let argument = arguments.positional.first();
        if let Value::List(list) = receiver {
            match (name, argument) {
                ("append", Some(value)) => {
                    self.touch_list(list);
                    list.borrow_mut().push(value.clone());
                    return Ok(Some(Value::None));
                }
                ("extend", Some(values)) => {
                    let Some(items) = self.items(values) else { return Ok(None) };
                    self.touch_list(list);
                    list.borrow_mut().extend(items);
                    return Ok(Some(Value::None));
                }
                ("insert", Some(Value::Int(at))) => {
                    let Some(value) = arguments.positional.get(1) else { return Ok(None) };
                    self.touch_list(list);
                    let length = list.borrow().len();
                    let at = usize::try_from(*at).unwrap_or(0).min(length);
                    list.borrow_mut().insert(at, value.clone());
                    return Ok(Some(Value::None));
                }
                ("remove", Some(value)) => {
                    let items = list.borrow().clone();
                    let found = items.iter().position(|item| self.equal(item, value) == Some(true));
                    self.touch_list(list);
                    if let Some(at) = found {
                        list.borrow_mut().remove(at);
                    }
                    return Ok(Some(Value::None));
                }
                ("pop", None) => {
                    self.touch_list(list);
                    return Ok(list.borrow_mut().pop());
                }
                ("pop", Some(Value::Int(0))) => {
                    self.touch_list(list);
                    let mut items = list.borrow_mut();
                    return Ok((!items.is_empty()).then(|| items.remove(0)));
                }
                ("reverse", None) => {
                    self.touch_list(list);
                    list.borrow_mut().reverse();
                    return Ok(Some(Value::None));
                }
                ("clear", None) => {
                    self.touch_list(list);
                    list.borrow_mut().clear();
                    return Ok(Some(Value::None));
                }
                ("sort", None) => {
                    let items = list.borrow().clone();
                    let Some(items) = self.sorted_by(items, arguments, place)? else { return Ok(None) };
                    self.touch_list(list);
                    *list.borrow_mut() = items;
                    return Ok(Some(Value::None));
                }
                ("copy", None) => return Ok(Some(Value::list(list.borrow().clone()))),
                _ => {}
            }
        }
        let items = receiver.sequence().unwrap_or_default();
        Ok(match (name, argument) {
            ("index", Some(value)) => {
                let found = items.iter().position(|item| self.equal(item, value) == Some(true));
                found.and_then(|at| i64::try_from(at).ok()).map(Value::Int)
            }
            ("count", Some(value)) => {
                let found = items.iter().filter(|item| self.equal(item, value) == Some(true)).count();
                i64::try_from(found).ok().map(Value::Int)
            }
            _ => None,
        })
    }

    /// Sorts by `key=` and `reverse=` of a call.
    pub(super) fn sorted_by(
        &mut self,
        items: Vec<Value>,
        arguments: &Arguments,
        place: Place,
    ) -> Evaluated<Option<Vec<Value>>> {
        let by = arguments.keyword("key").filter(|k| !k.is_none()).cloned();
        let reverse = match arguments.keyword("reverse") {
            Some(value) => match self.truth(value) {
                Some(reverse) => reverse,
                None => return Ok(None),
            },
            None => false,
        };
        let mut keyed = Vec::with_capacity(items.len());
        for item in items {
            let sort_key = match &by {
                Some(by) => {
                    let positional = vec![item.clone()];
                    self.invoke(by, Arguments { positional, ..Default::default() }, place)?
                }
                None => item.clone(),
            };
            keyed.push((sort_key, item));
        }
        Ok(sorted(keyed, reverse))
    }

    fn dict_call(
        &mut self,
        receiver: &Value,
        name: &str,
        arguments: &Arguments,
        place: Place,
    ) -> Evaluated<Option<Value>> {
        let Value::Dict(dict) = receiver else { return Ok(None) };
        let items = dict.borrow().clone();
        let first = arguments.positional.first();
        let default = arguments.positional.get(1).cloned();
        let find = |wanted: &Value| -> Option<Option<Value>> {
            let wanted = key(wanted)?;
            let mut all = true;
            for (name, value) in &items {
                match key(name) {
                    Some(name) if name == wanted => return Some(Some(value.clone())),
                    Some(_) => {}
                    None => all = false,
                }
            }
            all.then_some(None)
        };
        Ok(match (name, first) {
            ("get", Some(wanted)) => Some(match find(wanted) {
                Some(Some(value)) => value,
                Some(None) if !is_outside(wanted) => default.unwrap_or(Value::None),
                _ => self.one_of(&items, place),
            }),
            ("keys", None) => Some(Value::list(items.into_iter().map(|(k, _)| k).collect())),
            ("values", None) => Some(Value::list(items.into_iter().map(|(_, v)| v).collect())),
            ("items", None) => {
                Some(Value::list(items.into_iter().map(|(k, v)| Value::Tuple([k, v].into())).collect()))
            }
            ("copy", None) => Some(Value::Dict(Rc::new(std::cell::RefCell::new(items)))),
            ("pop", Some(wanted)) => {
                let found = find(wanted);
                self.touch_dict(dict);
                self.delete_item(receiver, wanted);
                found.and_then(|found| found.or(default))
            }
            ("setdefault", Some(wanted)) => match find(wanted) {
                Some(Some(value)) => Some(value),
                Some(None) => {
                    let value = default.unwrap_or(Value::None);
                    self.touch_dict(dict);
                    self.dict_set(dict, wanted.clone(), value.clone());
                    Some(value)
                }
                None => None,
            },
            ("update", _) => {
                self.touch_dict(dict);
                if let Some(Value::Dict(other)) = first {
                    let items = other.borrow().clone();
                    for (name, value) in items {
                        self.dict_set(dict, name, value);
                    }
                } else if let Some(pairs) = first {
                    let Some(pairs) = self.items(pairs) else { return Ok(None) };
                    for pair in pairs {
                        if let Some([name, value]) = pair.sequence().as_deref() {
                            self.dict_set(dict, name.clone(), value.clone());
                        }
                    }
                }
                for (name, value) in &arguments.keywords {
                    self.dict_set(dict, Value::Str(Rc::clone(name)), value.clone());
                }
                Some(Value::None)
            }
            ("clear", None) => {
                self.touch_dict(dict);
                dict.borrow_mut().clear();
                Some(Value::None)
            }
            _ => {
                let _ = place;
                None
            }
        })
    }

    fn set_call(
        &mut self,
        receiver: &Value,
        name: &str,
        arguments: &Arguments,
        place: Place,
    ) -> Option<Value> {
        let Value::Set(set) = receiver else { return None };
        match (name, arguments.positional.as_slice()) {
            ("add", [value]) => {
                self.touch_list(set);
                let mut items = set.borrow().clone();
                items.push(value.clone());
                let Value::Set(unique) = self.set_of(items) else { return None };
                *set.borrow_mut() = unique.borrow().clone();
                Some(Value::None)
            }
            // Which one comes out of several cannot be told.
            ("pop", []) if set.borrow().len() == 1 => {
                self.touch_list(set);
                set.borrow_mut().pop()
            }
            ("discard" | "remove", [value]) => {
                let items = set.borrow().clone();
                self.touch_list(set);
                let kept = items.into_iter().filter(|item| self.equal(item, value) != Some(true)).collect();
                *set.borrow_mut() = kept;
                Some(Value::None)
            }
            ("update", others) => {
                let mut items = set.borrow().clone();
                for other in others {
                    items.extend(self.items(other)?);
                }
                self.touch_list(set);
                let Value::Set(unique) = self.set_of(items) else { return None };
                *set.borrow_mut() = unique.borrow().clone();
                Some(Value::None)
            }
            ("copy", []) => Some(Value::Set(Rc::new(std::cell::RefCell::new(set.borrow().clone())))),
            ("union" | "difference" | "intersection" | "symmetric_difference", others) => {
                let op = match name {
                    "union" => "|",
                    "difference" => "-",
                    "intersection" => "&",
                    _ => "^",
                };
                let mut result = receiver.clone();
                for other in others {
                    let items = self.items(other)?;
                    let other = self.set_of(items);
                    result = self.binary(&result, op, &other, place);
                }
                Some(result)
            }
            ("issubset" | "issuperset" | "isdisjoint", [other]) => {
                let mine = set.borrow().clone();
                let theirs = self.items(other)?;
                let (inner, outer) = if name == "issuperset" { (theirs, mine) } else { (mine, theirs) };
                let mut found = 0;
                for value in &inner {
                    let mut hit = false;
                    for candidate in &outer {
                        hit |= self.equal(value, candidate)?;
                    }
                    found += usize::from(hit);
                }
                Some(Value::Bool(if name == "isdisjoint" { found == 0 } else { found == inner.len() }))
            }
            _ => None,
        }
    }
}
