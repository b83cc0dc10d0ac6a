//! The client library that the bot uses, against the stand-in.

use hyper_util::client::legacy::connect::HttpConnector;
use slack_morphism::{
    api::{
        SlackApiChatPostMessageRequest, SlackApiChatUpdateRequest, SlackApiConversationsHistoryRequest,
        SlackApiConversationsInfoRequest, SlackApiUserGroupsListRequest, SlackApiUsersInfoRequest,
    },
    blocks::{SlackBlock, SlackBlockPlainText, SlackHeaderBlock},
    errors::SlackClientError,
    prelude::{SlackApiToken, SlackApiTokenValue, SlackClient, SlackClientHyperConnector, SlackMessageContent},
};

use super::{CHANNEL, MINA, world};
use crate::sandbox::slack::Limits;

#[tokio::test]
async fn the_client_of_the_bot_understands_the_answers() {
    let world = world().await;
    let connector = SlackClientHyperConnector::with_connector(HttpConnector::new());
    let client = SlackClient::new(connector.with_slack_api_url(&world.slack.base_url()));
    let token = SlackApiToken::new(SlackApiTokenValue("xoxb-sandbox-token".into()));
    let session = client.open_session(&token);

    assert_eq!(session.auth_test().await.unwrap().team_id.0, "T0DATALAKE1");
    let header: SlackBlock = SlackHeaderBlock::new(SlackBlockPlainText::new("Run".into()).into()).into();
    let content = SlackMessageContent::new().with_text("Run".into()).with_blocks(vec![header]);
    let post = SlackApiChatPostMessageRequest::new(CHANNEL.into(), content.clone());
    let posted = session.chat_post_message(&post).await.unwrap();
    let update = SlackApiChatUpdateRequest::new(CHANNEL.into(), content, posted.ts.clone());
    assert_eq!(session.chat_update(&update).await.unwrap().ts, posted.ts);
    let history = SlackApiConversationsHistoryRequest::new().with_channel(CHANNEL.into());
    let history = session.conversations_history(&history).await.unwrap();
    assert_eq!(history.messages[0].origin.ts, posted.ts);
    let info = SlackApiConversationsInfoRequest::new(CHANNEL.into());
    assert_eq!(session.conversations_info(&info).await.unwrap().channel.name.as_deref(), Some("datalake"));
    let user = SlackApiUsersInfoRequest::new(MINA.into()).with_include_locale(true);
    assert_eq!(session.users_info(&user).await.unwrap().user.locale.unwrap().0, "ja-JP");
    let groups = session.usergroups_list(&SlackApiUserGroupsListRequest::new()).await.unwrap();
    assert_eq!(groups.usergroups.len(), 2);

    let wrong = SlackApiChatPostMessageRequest::new("C0NOWHERE01".into(), SlackMessageContent::new());
    match session.chat_post_message(&wrong).await {
        Err(SlackClientError::ApiError(error)) => assert_eq!(error.code, "channel_not_found"),
        other => panic!("{other:?}"),
    }
    world.slack.set_limits(Limits::default());
    // One was posted above.
    for _ in 1..5 {
        session.chat_post_message(&post).await.unwrap();
    }
    match session.chat_post_message(&post).await {
        Err(SlackClientError::RateLimitError(error)) => assert_eq!(error.retry_after.unwrap().as_secs(), 5),
        other => panic!("{other:?}"),
    }
}
