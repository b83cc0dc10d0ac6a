//! Takes out of what people, AWS or a job said what neither a channel nor the log may keep.

/// Names whose values nobody but their owner may see.
const SECRETS: [&str; 9] =
    ["password", "passwd", "pwd", "secret", "token", "signature", "access_key", "accesskey", "api_key"];

/// How the ids of access keys begin: long-lived ones, temporary ones (IAM user guide, "Unique identifiers").
const ACCESS_KEYS: [&str; 2] = ["AKIA", "ASIA"];
const ACCESS_KEY_LENGTH: usize = 20;

/// How the tokens of Slack begin (docs.slack.dev, "Tokens"), and those of others that land in the same clipboards.
const TOKENS: [&str; 8] = ["xoxb-", "xoxp-", "xoxa-", "xoxe-", "xoxe.", "xoxs-", "xapp-", "ghp_"];

/// What stands for something that was taken out.
const REDACTED: &str = "***";

/// What the words so far say of the next one.
#[derive(Clone, Copy, PartialEq)]
enum Next {
    Plain,
    /// The name of a secret has been read: after a separator comes its value.
    Separator,
    Secret,
}

/// Returns `text` without mail addresses (a job's error may quote the data that it choked on), ids of access keys,
/// tokens, and the values of passwords, keys and signatures.
pub fn redact(text: &str) -> String {
    let (mut next, mut rest) = (Next::Plain, text);
    let mut redacted = String::with_capacity(text.len());
    while !rest.is_empty() {
        let (word, after) = rest.split_at(rest.find(is_delimiter).unwrap_or(rest.len()));
        let delimiter = after.chars().next();
        let (shown, expected) = read(word, next);
        redacted.push_str(&shown);
        redacted.extend(delimiter);
        (next, rest) = (expected, &after[delimiter.map_or(0, char::len_utf8)..]);
        let quoted = delimiter.filter(|it| next == Next::Secret && "\"'`".contains(*it));
        if let Some(end) = quoted.and_then(|quote| closing(rest, quote, word.ends_with('\\'))) {
            redacted.push_str(REDACTED);
            (next, rest) = (Next::Plain, &rest[end..]);
        }
    }
    redacted
}

/// Returns where the value ends that a quote has opened, however many words it has. Within a text that is quoted itself
/// all its quotes are escaped.
fn closing(value: &str, quote: char, is_escaped: bool) -> Option<usize> {
    let closes = |at: &usize| value[..*at].ends_with('\\') == is_escaped;
    let at = value.match_indices(quote).map(|(at, _)| at).find(closes)?;
    Some(at - usize::from(is_escaped))
}

/// What follows `?` in an address is a word of its own: the first parameter may be the secret one.
fn is_delimiter(c: char) -> bool {
    c.is_whitespace() || "\"'`,;&?()<>[]{}".contains(c)
}

/// Returns `word` as it may be shown, and what it says of the next one.
fn read(word: &str, expected: Next) -> (String, Next) {
    let (name, value) = word.split_once(['=', ':']).map_or((word, None), |(name, value)| (name, Some(value)));
    let (shown, next) = match (expected, value) {
        (_, None) if word.trim_matches('\\').is_empty() => (word, expected),
        (Next::Separator, Some("")) if name.is_empty() => (word, Next::Secret),
        (Next::Secret, _) => (REDACTED, Next::Plain),
        (_, Some("")) if is_secret(name) => (word, Next::Secret),
        (_, Some(_)) if is_secret(name) => (&word[..=name.len()], Next::Plain),
        (_, None) if is_secret(name) => (word, Next::Separator),
        _ => (word, Next::Plain),
    };
    if is_address(shown) || holds_login(shown) || holds_access_key(shown) || TOKENS.iter().any(|it| shown.contains(it))
    {
        return (REDACTED.to_owned(), next);
    }
    let cut = shown.len() < word.len() && shown != REDACTED;
    (if cut { format!("{shown}{REDACTED}") } else { shown.to_owned() }, next)
}

fn is_secret(name: &str) -> bool {
    let name = name.trim_end_matches('\\').to_ascii_lowercase();
    SECRETS.iter().any(|it| name.ends_with(it))
}

fn is_address(word: &str) -> bool {
    word.match_indices('@').any(|(at, _)| at > 0 && word[at + 1..].trim_matches('.').contains('.'))
}

/// Says whether a URL has a name and a password before its host, as connection strings do.
fn holds_login(word: &str) -> bool {
    let authority = word.split_once("://").and_then(|(_, rest)| rest.split('/').next());
    let login = authority.and_then(|it| it.rsplit_once('@'));
    login.is_some_and(|(login, _)| login.contains(':'))
}

/// Wherever it stands in the word: in a signed address it is the beginning of `X-Amz-Credential`.
fn holds_access_key(word: &str) -> bool {
    let is_key = |at: usize| {
        let key = word.as_bytes().get(at..at + ACCESS_KEY_LENGTH);
        key.is_some_and(|it| it.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()))
    };
    ACCESS_KEYS.iter().flat_map(|it| word.match_indices(it)).any(|(at, _)| is_key(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_and_addresses_are_taken_out() {
        for (said, shown) in [
            ("cannot parse 'ana@example.com' as a number", "cannot parse '***' as a number"),
            ("jdbc:mysql://root:pw@db.example.com/x failed", "*** failed"),
            ("mysql://root:hunter2@db:3306/x is down", "*** is down"),
            ("key ASIAIOSFODNN7EXAMPLE is unknown", "key *** is unknown"),
            ("+AKIAIOSFODNN7EXAMPLE", "***"),
            ("@ana@example.com", "***"),
            ("AKIAIOSFODNN7EXAMPLEsecret = 7", "*** = ***"),
            ("?X-Amz-Credential=AKIAIOSFODNN7EXAMPLE/20261122/s3&x=1", "?***&x=1"),
            ("?X-Amz-Date=1&X-Amz-Signature=abc&x=1", "?X-Amz-Date=1&X-Amz-Signature=***&x=1"),
            (
                "https://x.s3.amazonaws.com/k?X-Amz-Signature=dead&a=1",
                "https://x.s3.amazonaws.com/k?X-Amz-Signature=***&a=1",
            ),
            ("use xoxb-123-456-AbC, not (xapp-1-A-2)", "use ***, not (***)"),
            ("aws_secret_access_key=wJalrXUtnFEMI/K7MDENG", "aws_secret_access_key=***"),
            ("password: hunter2, user: ana", "password: ***, user: ana"),
            (r#"{"password": "hunter2", "port": 3306}"#, r#"{"password": "***", "port": 3306}"#),
            ("DB_PASSWORD=hunter2", "DB_PASSWORD=***"),
            ("password: \"correct horse battery\", user: ana", "password: \"***\", user: ana"),
            ("pwd='a b' failed", "pwd='***' failed"),
            (r#"{"secret": "a \"b\" c", "port": 3306}"#, r#"{"secret": "***", "port": 3306}"#),
            (r#""{\"password\": \"x y\", \"port\": 1}""#, r#""{\"password\": \"***\", \"port\": 1}""#),
            ("password: \"hunter2 is not closed", "password: \"*** is not closed"),
        ] {
            assert_eq!(redact(said), shown);
        }
    }

    #[test]
    fn everything_else_stays() {
        for said in [
            "The security token included in the request is expired",
            "User: arn:aws:sts::123456789012:assumed-role/bot/i-0 is not authorized to perform: s3:PutObject on \"x\"",
            "日本語 @here <b> 100 % \n two  lines ",
            "",
        ] {
            assert_eq!(redact(said), said);
        }
    }
}
