use axum::http::{HeaderName, HeaderValue};
use proptest::prelude::{any, prop_assert, proptest};
use rstest::rstest;

use super::*;

/// The worked example of Slack's documentation.
const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
const BODY: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
const SENT: i64 = 1_531_420_618;
const SIGNED: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";

struct At(i64);

impl Clock for At {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0).unwrap()
    }
}

fn gate(secrets: &[&str], now: i64) -> Gate {
    Gate::new(secrets.iter().map(|it| (*it).into()).collect(), Arc::new(At(now)))
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())).collect()
}

fn signed(timestamp: &str, signature: &str) -> HeaderMap {
    headers(&[(TIMESTAMP, timestamp), (SIGNATURE, signature)])
}

#[test]
fn slacks_own_example_is_let_in() {
    let delivery = gate(&[SECRET], SENT).admit(&signed("1531420618", SIGNED), BODY.as_bytes());
    assert_eq!(delivery, Ok(Delivery { key: "a2114d57b48eac39b9ad189dd8316235".into(), again: false }));
}

#[test]
fn what_comes_again_is_let_in_and_known_and_what_was_refused_is_not() {
    let gate = gate(&[SECRET], SENT);
    let again = |headers: &HeaderMap| gate.admit(headers, BODY.as_bytes()).map(|it| it.again);
    let forged = signed("1531420618", &SIGNED.replace("a2114d57", "b2114d57"));
    assert_eq!(again(&forged), Err(Refusal::Forged));
    let good = signed("1531420618", SIGNED);
    assert_eq!([again(&good), again(&good), again(&good)], [Ok(false), Ok(true), Ok(true)]);
    let upper = signed("1531420618", &SIGNED.to_uppercase().replace("V0=", "v0="));
    assert_eq!(again(&upper), Ok(true), "the same signature, written otherwise");
    assert_eq!(again(&forged), Err(Refusal::Forged));
}

#[rstest]
#[case::old_and_new(&["new", SECRET])]
#[case::new_and_old(&[SECRET, "new"])]
fn both_secrets_work_while_they_are_rotated(#[case] secrets: &[&str]) {
    assert!(gate(secrets, SENT).admit(&signed("1531420618", SIGNED), BODY.as_bytes()).is_ok());
}

#[rstest]
#[case::in_time(300, Ok(()))]
#[case::too_late(301, Err(Refusal::Late))]
#[case::early_clock(-300, Ok(()))]
#[case::too_early(-301, Err(Refusal::Late))]
fn the_window_has_two_sides(#[case] later: i64, #[case] expected: Result<(), Refusal>) {
    let checked = gate(&[SECRET], SENT + later).admit(&signed("1531420618", SIGNED), BODY.as_bytes());
    assert_eq!(checked.map(|_| ()), expected);
}

#[rstest]
#[case::nothing(headers(&[]), Refusal::Unsigned)]
#[case::no_signature(headers(&[(TIMESTAMP, "1531420618")]), Refusal::Unsigned)]
#[case::no_time(headers(&[(SIGNATURE, SIGNED)]), Refusal::Unsigned)]
#[case::other_version(signed("1531420618", &SIGNED.replace("v0", "v1")), Refusal::Unsigned)]
#[case::plus(signed("+1531420618", SIGNED), Refusal::Forged)]
#[case::spaces(signed(" 1531420618", SIGNED), Refusal::Forged)]
#[case::underscore(signed("1_531_420_618", SIGNED), Refusal::Forged)]
#[case::empty_time(signed("", SIGNED), Refusal::Forged)]
#[case::endless_time(signed(&"9".repeat(40), SIGNED), Refusal::Late)]
#[case::other_time(signed("1531420619", SIGNED), Refusal::Forged)]
#[case::not_hex(signed("1531420618", "v0=zz"), Refusal::Forged)]
#[case::cut(signed("1531420618", &SIGNED[..60]), Refusal::Forged)]
#[case::empty(signed("1531420618", "v0="), Refusal::Forged)]
#[case::twice(headers(&[(TIMESTAMP, "1531420618"), (SIGNATURE, SIGNED), (SIGNATURE, SIGNED)]), Refusal::Unsigned)]
fn everything_else_is_refused(#[case] headers: HeaderMap, #[case] expected: Refusal) {
    assert_eq!(gate(&[SECRET], SENT).admit(&headers, BODY.as_bytes()), Err(expected));
}

#[test]
fn without_secrets_nothing_is_let_in() {
    assert!(gate(&[], SENT).admit(&signed("1531420618", SIGNED), BODY.as_bytes()).is_err());
}

#[rstest]
#[case("ssl_check=1&token=x", true)]
#[case("ssl_check=1", true)]
#[case("ssl_check=0", false)]
#[case("token=x", false)]
#[case("", false)]
#[case("ssl_check=1&payload=%7B%7D", false)]
#[case("ssl_check=1&command=%2Fdatalake&text=run", false)]
fn only_a_bare_probe_needs_no_signature(#[case] body: &str, #[case] expected: bool) {
    assert_eq!(is_ssl_check(body.as_bytes()), expected);
}

proptest! {
    #[test]
    fn another_body_is_refused(body in any::<Vec<u8>>()) {
        proptest::prop_assume!(body != BODY.as_bytes());
        prop_assert!(gate(&[SECRET], SENT).admit(&signed("1531420618", SIGNED), &body).is_err());
    }
}
