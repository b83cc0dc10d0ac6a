// Bolt for JS as its documentation shows it: one slash command, acknowledged with a text. Who the bot is is not asked of
// Slack, so that only the acknowledgement is measured.
const { App } = require('@slack/bolt');
const help = require('./help.json');

const app = new App({
  signingSecret: process.env.SLACK_SIGNING_SECRET,
  authorize: async () => ({ botToken: 'xoxb-1', botId: 'B1', botUserId: 'U1' }),
  endpoints: '/slack/commands',
});

app.command('/datalake', async ({ ack }) => ack(help));

app.start({ port: Number(process.env.PORT), host: '127.0.0.1' });
