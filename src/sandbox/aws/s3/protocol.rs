//! The operations of S3, on the objects in memory.

use std::sync::Arc;

use axum::body::Bytes;
use futures_util::TryStreamExt as _;
use s3s::{
    Body, S3, S3Request, S3Response, S3Result,
    dto::{
        AbortMultipartUploadInput, AbortMultipartUploadOutput, Bucket as ListedBucket, BucketLocationConstraint,
        CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CopyObjectInput, CopyObjectOutput,
        CopyObjectResult, CopyPartResult, CopySource, CreateBucketInput, CreateBucketOutput,
        CreateMultipartUploadInput, CreateMultipartUploadOutput, DeleteBucketInput, DeleteBucketOutput,
        DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, DeletedObject, ETag,
        ETagCondition, GetBucketLocationInput, GetBucketLocationOutput, GetObjectInput, GetObjectOutput,
        HeadBucketInput, HeadBucketOutput, HeadObjectInput, HeadObjectOutput, ListBucketsInput, ListBucketsOutput,
        ListMultipartUploadsInput, ListMultipartUploadsOutput, ListObjectsV2Input, ListObjectsV2Output,
        MetadataDirective, PutObjectInput, PutObjectOutput, Range, StreamingBlob, UploadPartCopyInput,
        UploadPartCopyOutput, UploadPartInput, UploadPartOutput,
    },
    s3_error,
};

use super::{
    conditions, listing,
    multipart::{self, Upload},
    object::{Headers, Object, timestamp},
    store::{Etags, Store},
};
use crate::sandbox::aws::REGION;

/// The most keys one `DeleteObjects` may name
/// ([`DeleteObjects`](https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html)).
const MOST_DELETED: usize = 1000;

/// The most bytes of a key ([object keys](https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html)).
const LONGEST_KEY: usize = 1024;

/// S3's operations on a [`Store`].
pub(super) struct Protocol(Arc<Store>);

impl Protocol {
    pub(super) fn new(store: Arc<Store>) -> Self {
        Self(store)
    }

    /// Returns the object that a copy reads.
    ///
    /// # Errors
    /// It is not there, or one of the conditions does not hold.
    fn source(
        &self,
        source: &CopySource,
        if_match: Option<&ETagCondition>,
        if_none_match: Option<&ETagCondition>,
    ) -> S3Result<Object> {
        let (bucket, key) = place(source)?;
        let object = self.0.read(bucket, key)?;
        conditions::check(&object, if_match, if_none_match)?;
        Ok(object)
    }

    fn add_part(&self, bucket: &str, key: &str, upload: &str, number: i32, body: Bytes) -> S3Result<ETag> {
        self.0.bucket(bucket, |bucket| bucket.upload(upload, key)?.add(number, body))
    }
}

#[async_trait::async_trait]
impl S3 for Protocol {
    async fn list_buckets(&self, _req: S3Request<ListBucketsInput>) -> S3Result<S3Response<ListBucketsOutput>> {
        let buckets = self.0.all(|buckets| {
            let listed = buckets.iter().map(|(name, bucket)| ListedBucket {
                name: Some(name.clone()),
                creation_date: Some(timestamp(bucket.created)),
                ..ListedBucket::default()
            });
            listed.collect()
        });
        Ok(S3Response::new(ListBucketsOutput { buckets: Some(buckets), ..ListBucketsOutput::default() }))
    }

    async fn create_bucket(&self, req: S3Request<CreateBucketInput>) -> S3Result<S3Response<CreateBucketOutput>> {
        if !self.0.create(&req.input.bucket) {
            return Err(s3_error!(
                BucketAlreadyOwnedByYou,
                "Your previous request to create the named bucket succeeded"
            ));
        }
        Ok(S3Response::new(CreateBucketOutput::default()))
    }

    async fn head_bucket(&self, req: S3Request<HeadBucketInput>) -> S3Result<S3Response<HeadBucketOutput>> {
        self.0.bucket(&req.input.bucket, |_| Ok(()))?;
        let output = HeadBucketOutput { bucket_region: Some(REGION.to_owned()), ..HeadBucketOutput::default() };
        Ok(S3Response::new(output))
    }

    async fn get_bucket_location(
        &self,
        req: S3Request<GetBucketLocationInput>,
    ) -> S3Result<S3Response<GetBucketLocationOutput>> {
        self.0.bucket(&req.input.bucket, |_| Ok(()))?;
        let location_constraint = Some(BucketLocationConstraint::from_static(REGION));
        Ok(S3Response::new(GetBucketLocationOutput { location_constraint }))
    }

    async fn delete_bucket(&self, req: S3Request<DeleteBucketInput>) -> S3Result<S3Response<DeleteBucketOutput>> {
        let name = req.input.bucket;
        let is_empty = self.0.bucket(&name, |bucket| Ok(bucket.objects.is_empty()))?;
        if !is_empty {
            return Err(s3_error!(BucketNotEmpty, "The bucket you tried to delete is not empty"));
        }
        self.0.remove(&name);
        Ok(S3Response::new(DeleteBucketOutput {}))
    }

    async fn put_object(&self, req: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        let input = req.input;
        check_key(&input.key)?;
        let body = whole(input.body).await?;
        let headers = Headers { content_type: input.content_type, metadata: input.metadata };
        let object = self.0.object(body, Etags::Md5, headers);
        let e_tag = Some(object.etag());
        self.0.bucket(&input.bucket, |bucket| {
            let present = bucket.objects.get(&input.key);
            conditions::check_write(present, input.if_match.as_ref(), input.if_none_match.as_ref())?;
            bucket.objects.insert(input.key, object);
            Ok(())
        })?;
        Ok(S3Response::new(PutObjectOutput { e_tag, ..PutObjectOutput::default() }))
    }

    async fn get_object(&self, req: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        let input = req.input;
        let object = self.0.read(&input.bucket, &input.key)?;
        conditions::check(&object, input.if_match.as_ref(), input.if_none_match.as_ref())?;
        let (body, content_range) = object.slice(input.range)?;
        Ok(S3Response::new(GetObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            content_length: i64::try_from(body.len()).ok(),
            content_range,
            e_tag: Some(object.etag()),
            last_modified: Some(object.modified()),
            content_type: object.headers.content_type,
            metadata: object.headers.metadata,
            body: Some(StreamingBlob::from(Body::from(body))),
            ..GetObjectOutput::default()
        }))
    }

    async fn head_object(&self, req: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        let input = req.input;
        let object = self.0.read(&input.bucket, &input.key)?;
        conditions::check(&object, input.if_match.as_ref(), input.if_none_match.as_ref())?;
        Ok(S3Response::new(HeadObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            content_length: Some(object.size()),
            e_tag: Some(object.etag()),
            last_modified: Some(object.modified()),
            content_type: object.headers.content_type,
            metadata: object.headers.metadata,
            ..HeadObjectOutput::default()
        }))
    }

    async fn copy_object(&self, req: S3Request<CopyObjectInput>) -> S3Result<S3Response<CopyObjectOutput>> {
        let input = req.input;
        check_key(&input.key)?;
        let (if_match, if_none_match) = (input.copy_source_if_match, input.copy_source_if_none_match);
        let source = self.source(&input.copy_source, if_match.as_ref(), if_none_match.as_ref())?;
        if source.body.len() as u64 > self.0.copy_limit() {
            let limit = self.0.copy_limit();
            return Err(s3_error!(
                InvalidRequest,
                "The specified copy source is larger than the maximum allowable size for a copy source: {limit}"
            ));
        }
        let directive = input.metadata_directive.as_ref().map(MetadataDirective::as_str);
        let replaces = directive == Some(MetadataDirective::REPLACE);
        if !replaces && place(&input.copy_source)? == (&input.bucket, &input.key) {
            return Err(s3_error!(
                InvalidRequest,
                "This copy request is illegal because it is trying to copy an object to itself without changing the \
                 object's metadata, storage class, website redirect location or encryption attributes."
            ));
        }
        let headers = if replaces {
            Headers { content_type: input.content_type, metadata: input.metadata }
        } else {
            source.headers
        };
        let object = self.0.object(source.body, Etags::Md5, headers);
        let copy_object_result = Some(CopyObjectResult {
            e_tag: Some(object.etag()),
            last_modified: Some(object.modified()),
            ..CopyObjectResult::default()
        });
        self.0.bucket(&input.bucket, |bucket| Ok(bucket.objects.insert(input.key, object)))?;
        Ok(S3Response::new(CopyObjectOutput { copy_object_result, ..CopyObjectOutput::default() }))
    }

    async fn delete_object(&self, req: S3Request<DeleteObjectInput>) -> S3Result<S3Response<DeleteObjectOutput>> {
        self.0.bucket(&req.input.bucket, |bucket| Ok(bucket.objects.remove(&req.input.key)))?;
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }

    async fn delete_objects(&self, req: S3Request<DeleteObjectsInput>) -> S3Result<S3Response<DeleteObjectsOutput>> {
        let objects = req.input.delete.objects;
        if objects.is_empty() || objects.len() > MOST_DELETED {
            return Err(s3_error!(
                MalformedXML,
                "The XML you provided was not well-formed or did not validate against our published schema"
            ));
        }
        let keys: Vec<String> = objects.into_iter().map(|it| it.key).collect();
        self.0.bucket(&req.input.bucket, |bucket| {
            keys.iter().for_each(|key| drop(bucket.objects.remove(key)));
            Ok(())
        })?;
        let quiet = req.input.delete.quiet.unwrap_or_default();
        let deleted = keys.into_iter().map(|key| DeletedObject { key: Some(key), ..DeletedObject::default() });
        let deleted = (!quiet).then(|| deleted.collect());
        Ok(S3Response::new(DeleteObjectsOutput { deleted, ..DeleteObjectsOutput::default() }))
    }

    async fn list_objects_v2(&self, req: S3Request<ListObjectsV2Input>) -> S3Result<S3Response<ListObjectsV2Output>> {
        let name = req.input.bucket.clone();
        let page = self.0.bucket(&name, |bucket| listing::page(bucket, req.input))?;
        Ok(S3Response::new(page))
    }

    async fn create_multipart_upload(
        &self,
        req: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        let input = req.input;
        check_key(&input.key)?;
        let id = format!("upload-{}", self.0.serial());
        let headers = Headers { content_type: input.content_type, metadata: input.metadata };
        let upload = Upload::new(input.key.clone(), headers);
        self.0.bucket(&input.bucket, |bucket| Ok(bucket.uploads.insert(id.clone(), upload)))?;
        Ok(S3Response::new(CreateMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(id),
            ..CreateMultipartUploadOutput::default()
        }))
    }

    async fn upload_part(&self, req: S3Request<UploadPartInput>) -> S3Result<S3Response<UploadPartOutput>> {
        let input = req.input;
        let body = whole(input.body).await?;
        let etag = self.add_part(&input.bucket, &input.key, &input.upload_id, input.part_number, body)?;
        Ok(S3Response::new(UploadPartOutput { e_tag: Some(etag), ..UploadPartOutput::default() }))
    }

    async fn upload_part_copy(
        &self,
        req: S3Request<UploadPartCopyInput>,
    ) -> S3Result<S3Response<UploadPartCopyOutput>> {
        let input = req.input;
        let (if_match, if_none_match) = (input.copy_source_if_match, input.copy_source_if_none_match);
        let source = self.source(&input.copy_source, if_match.as_ref(), if_none_match.as_ref())?;
        let range = input.copy_source_range.as_deref().map(Range::parse).transpose();
        let range = range.map_err(|_| s3_error!(InvalidArgument, "The x-amz-copy-source-range value is not valid"))?;
        let (body, _) = source.slice(range)?;
        let etag = self.add_part(&input.bucket, &input.key, &input.upload_id, input.part_number, body)?;
        let copy_part_result = Some(CopyPartResult {
            e_tag: Some(etag),
            last_modified: Some(timestamp(self.0.now())),
            ..CopyPartResult::default()
        });
        Ok(S3Response::new(UploadPartCopyOutput { copy_part_result, ..UploadPartCopyOutput::default() }))
    }

    async fn complete_multipart_upload(
        &self,
        req: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let input = req.input;
        let (least, modified) = (self.0.least_part(), self.0.now());
        let etag = self.0.bucket(&input.bucket, |bucket| {
            let present = bucket.objects.get(&input.key);
            conditions::check_write(present, input.if_match.as_ref(), input.if_none_match.as_ref())?;
            let upload = bucket.upload(&input.upload_id, &input.key)?;
            let (body, etag) = upload.join(input.multipart_upload, least)?;
            let headers = upload.headers.clone();
            bucket.uploads.remove(&input.upload_id);
            bucket.objects.insert(input.key.clone(), Object { body, etag: etag.clone(), modified, headers });
            Ok(etag)
        })?;
        Ok(S3Response::new(CompleteMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            e_tag: Some(ETag::Strong(etag)),
            ..CompleteMultipartUploadOutput::default()
        }))
    }

    async fn list_multipart_uploads(
        &self,
        req: S3Request<ListMultipartUploadsInput>,
    ) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
        let ListMultipartUploadsInput { bucket, prefix, .. } = req.input;
        let prefix = prefix.unwrap_or_default();
        let uploads = self.0.bucket(&bucket, |bucket| Ok(multipart::listed(&bucket.uploads, &prefix)))?;
        let output = ListMultipartUploadsOutput { uploads: Some(uploads), ..ListMultipartUploadsOutput::default() };
        Ok(S3Response::new(output))
    }

    async fn abort_multipart_upload(
        &self,
        req: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        let input = req.input;
        self.0.bucket(&input.bucket, |bucket| {
            bucket.upload(&input.upload_id, &input.key)?;
            Ok(bucket.uploads.remove(&input.upload_id))
        })?;
        Ok(S3Response::new(AbortMultipartUploadOutput::default()))
    }
}

/// Returns bucket and key of a copy's source.
fn place(source: &CopySource) -> S3Result<(&str, &str)> {
    match source {
        CopySource::Bucket { bucket, key, .. } => Ok((bucket, key)),
        CopySource::AccessPoint { .. } | CopySource::Outpost { .. } => {
            Err(s3_error!(NotImplemented, "Copies from access points are not implemented"))
        }
    }
}

fn check_key(key: &str) -> S3Result<()> {
    if key.len() > LONGEST_KEY { Err(s3_error!(KeyTooLongError, "Your key is too long")) } else { Ok(()) }
}

/// Reads a body to its end, which also verifies it against its signature.
async fn whole(body: Option<StreamingBlob>) -> S3Result<Bytes> {
    let Some(body) = body else { return Ok(Bytes::new()) };
    let chunks: Vec<Bytes> = body
        .try_collect()
        .await
        .map_err(|error| s3_error!(BadDigest, "The body does not match its signature: {error}"))?;
    Ok(chunks.concat().into())
}
